# SPDX-License-Identifier: MIT
"""ltrace: a tracer of library calls, by breakpoints in the memory that parent and child share."""

from __future__ import annotations

from ._before import Before


class Ltrace(Before):
    """Follows what the program makes, and prints to nowhere."""

    name = "ltrace"
    executable = "ltrace"
    arguments = ("-f", "-o", "/dev/null")
    package = "apt-get install ltrace"
    takes_static = False
