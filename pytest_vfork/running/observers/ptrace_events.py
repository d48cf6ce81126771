# SPDX-License-Identifier: MIT
"""Sees what the kernel tells a tracer of a program: the events of ptrace(2), merged with the program's own.

The tracer is a process of its own (running/tracer/events.py says what its lines mean, and what their order does).
It stands outside the interposer: it sees what reaches the kernel.
"""

from __future__ import annotations

import importlib.util
import sys

from ...model import Boot
from . import Observer


class PtraceEvents(Observer):
    """Adds the events `kernel.vfork`, `kernel.vfork-done`, `kernel.execs`, ... to those of the program."""

    name = "ptrace-events"

    def lacks(self) -> str:
        """Say how to get python-ptrace if it is not there."""
        is_there = importlib.util.find_spec("ptrace") is not None
        return "" if is_there else "python-ptrace is not installed: pip install 'pytest-vfork[ptrace]'"

    def around(self, boot: Boot) -> Boot:
        """Return the boot that starts a program under the tracer, and below it under the interposer."""
        environment = [f"{name}={value}" for name, value in boot.env.items()]
        tracer = (sys.executable, "-m", "pytest_vfork.running.tracer", "--events", "{events}", "--")
        return Boot((*tracer, *(("env", *environment) if environment else ()), *boot.prefix))
