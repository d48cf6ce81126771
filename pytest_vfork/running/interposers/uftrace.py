# SPDX-License-Identifier: MIT
"""uftrace: a tracer of functions, which patches the program as it is loaded."""

from __future__ import annotations

from ._before import Before


class Uftrace(Before):
    """Records every function of the program, into the folder that it runs in. Any status but 0 is 1 when it ends."""

    name = "uftrace"
    executable = "uftrace"
    # Its writer polls the events of perf too, and loops where their process has ended.
    arguments = ("record", "--no-event", "--force", "-d", "uftrace.data", "-P", ".")
    package = "apt-get install uftrace"
    takes_static = False
