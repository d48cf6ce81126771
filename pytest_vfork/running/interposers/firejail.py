# SPDX-License-Identifier: MIT
"""firejail: a sandbox of namespaces, filters and dropped capabilities."""

from __future__ import annotations

from ._before import Before


class Firejail(Before):
    """Its own default filter, and no capabilities."""

    name = "firejail"
    executable = "firejail"
    arguments = ("--noprofile", "--quiet", "--seccomp", "--caps.drop=all")
    package = "apt-get install firejail"
