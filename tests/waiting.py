# SPDX-License-Identifier: MIT
from __future__ import annotations

import time
from collections.abc import Callable

import psutil


def within(seconds: float, holds: Callable[[], object]) -> bool:
    """Look until it holds, or the deadline passes; return whether it did."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)  # a pause between looks: decides nothing
    return False


def has_ended(process: psutil.Process) -> bool:
    """Say whether a process has ended, though nobody has reaped it yet. It may end between two questions: ask one."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def named_below(pid: int, beginning: str) -> list[psutil.Process]:
    """Return the descendants of a process whose names begin so, without those that end while they are asked for it."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if process.name().startswith(beginning):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found
