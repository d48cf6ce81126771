# SPDX-License-Identifier: MIT
"""firejail: a sandbox of namespaces, filters and dropped capabilities."""

from __future__ import annotations

from ._before import Before


class Firejail(Before):
    """Its own default filter, and no capabilities. The status is the program's, not that of who ended last."""

    name = "firejail"
    executable = "firejail"
    arguments = ("--noprofile", "--quiet", "--deterministic-exit-code", "--seccomp", "--caps.drop=all")
    package = "apt-get install firejail"
