# SPDX-License-Identifier: MIT
"""uftrace: a tracer of functions, which patches the program as it is loaded."""

from __future__ import annotations

from ._before import Before


class Uftrace(Before):
    """Records every function of the program, into the folder that it runs in."""

    name = "uftrace"
    executable = "uftrace"
    arguments = ("record", "--force", "-d", "uftrace.data", "-P", ".")
    package = "apt-get install uftrace"
    takes_static = False
