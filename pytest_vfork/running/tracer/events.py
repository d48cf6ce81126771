# SPDX-License-Identifier: MIT
"""The observer: writes what the kernel tells of the tracees, one line an event, into the file of the program's own.

A line is written while the tracee that it is about is in that stop. So whatever the tracee itself does later comes
later in the file, and what it did before came earlier. Of two tracees' lines the order means only this much; waitpid(2)
tells of stops in an order of its own.

kernel.vfork, kernel.fork, kernel.clone  a call has made a child: its pid
kernel.starts                            a child before its first instruction: the signal of the stop
kernel.execs                             a program was executed: the thread's id before
kernel.vfork-done                        the suspension is over: the child's pid
kernel.exits                             before the end: the exit code as wait(2) has it
kernel.signal                            before the delivery of a signal: its number
"""

from __future__ import annotations

import os

from . import kernel
from .log import SpawnLog
from .loop import Tracer

_NAMES = {
    kernel.PTRACE_EVENT_FORK: "kernel.fork",
    kernel.PTRACE_EVENT_VFORK: "kernel.vfork",
    kernel.PTRACE_EVENT_CLONE: "kernel.clone",
    kernel.PTRACE_EVENT_EXEC: "kernel.execs",
    kernel.PTRACE_EVENT_VFORK_DONE: "kernel.vfork-done",
    kernel.PTRACE_EVENT_EXIT: "kernel.exits",
}
# Of these the loop keeps no account in mode native, but for the log.
_PLAIN = {0, *_NAMES} - {kernel.PTRACE_EVENT_EXEC}


class Observer(Tracer):
    """Looks on, and writes."""

    def __init__(self, options: int, log: SpawnLog | None, path: str) -> None:
        super().__init__("native", options, log)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._processes: dict[int, int] = {}

    def stopped(self, tid: int, number: int, event: int) -> None:
        """Write of a stop, then let go on."""
        if event in _NAMES:
            self._write(_NAMES[event], tid, kernel.event_message(tid))
        elif event == 0:
            self._write("kernel.signal", tid, number)
        elif tid not in self.known:
            self._write("kernel.starts", tid, number)
        if event in _PLAIN and not self._log:
            kernel.go_on(tid, number if event == 0 else 0)  # all that there is to do, and somebody waits for it
        else:
            super().stopped(tid, number, event)

    def ended(self, tid: int) -> None:
        """Forget a thread."""
        self._processes.pop(tid, None)
        super().ended(tid)

    def _write(self, name: str, tid: int, value: int) -> None:
        process = self._processes.get(tid)
        if process is None:
            process = self._processes[tid] = kernel.tgid_of(tid)
        os.write(self._file, f"{name} {process} {tid} {value}\n".encode())
