# SPDX-License-Identifier: MIT
"""Sees what the kernel tells a tracer of a program: the events of ptrace(2), merged with the program's own.

The tracer is a process of its own (running/tracer/events.py says what its lines mean, and what their order does).
It stands outside the interposer: it sees what reaches the kernel.
"""

from __future__ import annotations

import sys

from ...model import Boot, Observation, Program
from ..sites import Launch, Site


def under_tracer(boot: Boot) -> Boot:
    """Return the boot that starts a program under the tracer, and below it under the interposer."""
    environment = [f"{name}={value}" for name, value in boot.env.items()]
    tracer = (sys.executable, "-m", "pytest_vfork.running.tracer", "--events", "{events}", "--")
    return Boot((*tracer, *(("env", *environment) if environment else ()), *boot.prefix))


def observe_events(site: Site, boot: Boot, program: Program, deadline_s: float) -> Observation:
    """Run a program under the observer; its events are the kernel's and, if its argv names `{events}`, its own."""
    return site.run(Launch(program, under_tracer(boot), deadline_s))
