# SPDX-License-Identifier: MIT
"""rr: records a run, to run it again."""

from __future__ import annotations

from ._before import Before


class Rr(Before):
    """Records into the folder that the program runs in. Needs hardware counters, which most virtual machines lack."""

    name = "rr"
    executable = "rr"
    arguments = ("record", "-n", "-o", "rr-trace")
    package = "apt-get install rr; and hardware counters: perf_event_open(2), kernel.perf_event_paranoid <= 1"
