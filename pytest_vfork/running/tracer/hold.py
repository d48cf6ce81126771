# SPDX-License-Identifier: MIT
"""Parents that are held in their stop until their child executes a program or ends, and what else may end the wait.

A task in a ptrace stop is woken by SIGKILL alone, and nobody is told of a signal that waits for it. So while somebody
is held, its pending signals are looked at 100 times a second: one that would kill it natively lets it go on into its
death. Every other signal waits for the release, as it does natively.
"""

from __future__ import annotations

import signal

from . import kernel

_TICK_S = 0.01

# Not these kill at once: those that are ignored, stop, or dump core (linux/signal.h: SIG_KERNEL_*_MASK).
_SPARING = (
    *(signal.SIGCONT, signal.SIGCHLD, signal.SIGWINCH, signal.SIGURG),
    *(signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU),
    *(signal.SIGQUIT, signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGFPE, signal.SIGSEGV),
    *(signal.SIGBUS, signal.SIGSYS, signal.SIGXCPU, signal.SIGXFSZ),
)
_KILLERS = ((1 << 64) - 1) & ~sum(1 << (number - 1) for number in _SPARING)


class Held:
    """Who is held for whom."""

    def __init__(self) -> None:
        self.parent_of: dict[int, int] = {}
        self._child_of: dict[int, int] = {}
        self._is_ticking = False
        self.condemned: set[int] = set()
        self.ending: set[int] = set()

    def hold(self, parent: int, child: int) -> None:
        """Keep the parent where it is."""
        self.parent_of[child] = parent
        self._child_of[parent] = child
        if not self._is_ticking:
            self._is_ticking = True
            signal.setitimer(signal.ITIMER_REAL, _TICK_S, _TICK_S)

    def release(self, child: int) -> None:
        """Let the parent of this child go on, if one is held for it."""
        parent = self.parent_of.pop(child, None)
        self.ending.discard(child)
        if parent is not None:
            del self._child_of[parent]
            kernel.go_on_if_alive(parent)

    def forget_parent(self, parent: int) -> None:
        """A parent is no more."""
        self.condemned.discard(parent)
        child = self._child_of.pop(parent, None)
        if child is not None:
            del self.parent_of[child]

    def stop_ticking(self) -> None:
        """Nobody is held any more."""
        self._is_ticking = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def tick(self) -> None:
        """Look at everyone who is held; stop ticking when nobody is."""
        if not self._child_of:
            self.stop_ticking()
            return
        for child in [child for child in self.ending if _has_ended(child)]:
            self.release(child)
        for parent, child in list(self._child_of.items()):
            if _killers_pending(kernel.status_of(parent)):
                del self._child_of[parent], self.parent_of[child]
                self.condemned.add(parent)
                kernel.go_on_if_alive(parent)


def kills(number: int) -> bool:
    """Say whether a signal's default action ends a process at once."""
    return bool(_KILLERS >> (number - 1) & 1)


def _killers_pending(status: dict[str, str]) -> int:
    # Nothing kills the first process of a pid namespace but a SIGKILL from outside (pid_namespaces(7)), which wakes it.
    if not status or status["NStgid"].split()[-1] == "1":
        return 0
    own, shared, blocked, ignored, caught = (
        int(status[name], 16) for name in ("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt")
    )
    return (own | shared) & _KILLERS & ~(blocked | ignored | caught)


def _has_ended(tid: int) -> bool:
    """Say whether a thread is a zombie: the main thread of a process ends unreported while others of it live."""
    return kernel.status_of(tid).get("State", "X")[0] in "ZX"
