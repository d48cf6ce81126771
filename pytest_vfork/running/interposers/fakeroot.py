# SPDX-License-Identifier: MIT
"""fakeroot: a preloaded object that answers as if to root."""

from __future__ import annotations

from ._before import Before


class Fakeroot(Before):
    """Wraps the calls about files and their owners."""

    name = "fakeroot"
    executable = "fakeroot"
    arguments = ("--",)
    package = "apt-get install fakeroot"
    takes_static = False
