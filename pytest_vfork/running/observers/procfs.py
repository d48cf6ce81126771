# SPDX-License-Identifier: MIT
"""Sees where threads are, in /proc: state, the kernel function that they sleep in, the system call that they are in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...model import ThreadState
from . import kcmp


def where(pid: int) -> tuple[ThreadState, ...]:
    """Say where each thread below a process is; one that is gone meanwhile is left out."""
    import psutil  # as heavy as all the rest of us

    try:
        below = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return ()
    return tuple(state for process in below for state in threads_of(process.pid))


def threads_of(pid: int) -> Iterator[ThreadState]:
    """Yield where the threads of a process are, and what the process shares with its parent."""
    for task in sorted(Path(f"/proc/{pid}/task").glob("*")):
        try:
            stat = (task / "stat").read_text("utf-8", "replace")
            comm, _, rest = stat.partition("(")[2].rpartition(")")
            state, parent = rest.split()[:2]
            wchan = (task / "wchan").read_text() or "0"
            syscall = (task / "syscall").read_text().split()[0]
        except (OSError, IndexError):  # ended while we looked, or not ours to look at
            continue
        shares = ",".join(kcmp.shared(pid, int(parent)) or ()) if parent != "0" else ""
        yield ThreadState(pid, int(task.name), comm, state, wchan, syscall, shares)
