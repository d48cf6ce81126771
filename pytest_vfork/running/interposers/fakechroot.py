# SPDX-License-Identifier: MIT
"""fakechroot: a preloaded object that translates paths."""

from __future__ import annotations

from ._before import Before


class Fakechroot(Before):
    """Wraps every call that takes a path, and the exec family."""

    name = "fakechroot"
    executable = "fakechroot"
    arguments = ("--",)
    package = "apt-get install fakechroot"
    takes_static = False
