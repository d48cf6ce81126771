# SPDX-License-Identifier: MIT
"""The loop: one stop at a time, in the order in which waitpid(2) tells them, which is not the order of happening.

A tracee that has stopped stays where it is until it is let go on here. That is all that the loop relies on: whatever of
a call's three reports (caller, child, end of either) comes first, nobody runs before what concerns him is put back.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable

from . import hold, kernel
from .altstack import Injection
from .calls import Call, Rewritten, dropped, read_call
from .filter import ANSWERS
from .kernel import CLONE_VFORK, CLONE_VM, PtraceError, Registers
from .log import SpawnLog

_SYSTEM_CALL_STOP = signal.SIGTRAP | 0x80  # PTRACE_O_TRACESYSGOOD
_RESTARTS = range(-516, -511)  # linux/errno.h: ERESTARTSYS .. ERESTART_RESTARTBLOCK


class Tracer:
    """Follows a program and all that it makes, until the last of them has ended."""

    def __init__(self, mode: str, options: int, log: SpawnLog | None) -> None:
        self._mode = mode
        self._options = options
        self._log = log
        self._held = hold.Held()
        self.known: set[int] = set()
        self._calls: dict[int, Rewritten] = {}  # by caller, while the kernel works on it
        self._awaited: dict[int, Rewritten] = {}  # by child, whose first stop has not been told
        self._early: dict[int, int] = {}  # children that stopped (by which signal) before their maker's report came
        self._ended_early: set[int] = set()
        self._lost: list[Rewritten] = []  # calls whose caller was killed: who is their child, nobody tells
        self._has_alternate_stack: set[int] = set()
        self._injections: dict[int, tuple[Injection, Rewritten | None]] = {}
        self._told: dict[int, tuple[list[int], int]] = {}  # by caller: its alternate stack, and where we may write
        self._events: dict[int, Callable[[int], None]] = {
            kernel.PTRACE_EVENT_FORK: self._made,
            kernel.PTRACE_EVENT_VFORK: self._made,
            kernel.PTRACE_EVENT_CLONE: self._made,
            kernel.PTRACE_EVENT_EXEC: self._executed,
            kernel.PTRACE_EVENT_EXIT: self._ending,
            kernel.PTRACE_EVENT_VFORK_DONE: kernel.go_on,
            kernel.PTRACE_EVENT_SECCOMP: self._entered,
        }

    def run(self, program: int) -> int:
        """Trace until nobody is left; return the wait status of the program."""
        result, is_due = 0, False

        def tick(number: int, frame: object) -> None:
            nonlocal is_due
            is_due = True

        signal.signal(signal.SIGALRM, tick)
        self.known.add(program)
        while True:
            tid, status = kernel.wait()
            if tid < 0:
                self._held.stop_ticking()
                return result
            if is_due:
                is_due = False
                self._held.tick()
            if tid == 0:
                continue
            try:
                if status & 0xFF == 0x7F:
                    self.stopped(tid, status >> 8 & 0xFF, status >> 16)
                else:
                    if tid == program:
                        result = status
                    self.ended(tid)
            except PtraceError as error:
                # Killed while we looked at it: its end is told next.
                if error.errno != errno.ESRCH:
                    raise

    def stopped(self, tid: int, number: int, event: int) -> None:
        """Deal with a stop: `number` is the signal of it, `event` that of ptrace(2) or 0."""
        if event == 0:
            if number == _SYSTEM_CALL_STOP:
                self._returned(tid)
            elif tid in self._held.condemned and not hold.kills(number):
                kernel.go_on(tid)
            else:
                kernel.go_on(tid, number)
        elif event == kernel.PTRACE_EVENT_STOP:
            if tid in self.known:
                _go_on_or_stay_stopped(tid, number)
            else:
                self._appeared(tid, number)
        else:
            self._events[event](tid)

    def _entered(self, tid: int) -> None:
        """A call that the filter stops is about to begin."""
        registers = kernel.get_registers(tid)
        if registers.orig_rax == kernel.NR_PRCTL:
            _answer(tid, registers, -ANSWERS[self._mode])
            return
        if registers.orig_rax == kernel.NR_SIGALTSTACK:
            if tid in self._injections:
                kernel.go_on_to_system_call(tid)
            else:
                self._has_alternate_stack.add(tid)
                kernel.go_on(tid)
            return
        call = read_call(tid, registers)
        if call and call.args:
            self._see_through_others(tid, call)
        if call is None or not dropped(call.flags, self._mode):
            kernel.go_on(tid)
            return
        stack, scratch = self._told.pop(tid, ([], 0))
        shares = call.flags & (CLONE_VM | CLONE_VFORK) == CLONE_VM | CLONE_VFORK
        if self._mode == "emulate" and shares and not scratch and tid in self._has_alternate_stack:
            self._injections[tid] = (Injection.ask(tid, registers), None)
            return
        rewritten = Rewritten(tid, call, registers, self._mode)
        rewritten.alternate_stack, rewritten.scratch = stack, scratch
        self._calls[tid] = rewritten
        kernel.go_on_to_system_call(tid)

    def _see_through_others(self, tid: int, call: Call) -> None:
        """Another thread's call with the very same struct is under way: its flags are not what they seem."""
        for other in self._in_the_same_struct(tid, call):
            call.flags |= other.asked.flags

    def _in_the_same_struct(self, tid: int, call: Call) -> list[Rewritten]:
        others = [other for other in self._calls.values() if other.asked.args == call.args and other.tid != tid]
        return [other for other in others if kernel.tgid_of(other.tid) == kernel.tgid_of(tid)] if others else []

    def _returned(self, tid: int) -> None:
        """A call is about to return to the program that has made nothing, or one of ours has done its work."""
        injected = self._injections.pop(tid, None)
        if injected:
            injection, rewritten = injected
            if rewritten:
                injection.given()
            else:
                stack = injection.answer()
                self._told[tid] = (stack, injection.scratch)
                if not stack:
                    self._has_alternate_stack.discard(tid)
            return
        rewritten = self._calls.pop(tid, None)
        if rewritten:
            self._restore(rewritten)
            result = kernel.get_registers(tid).rax - (1 << 64)
            if self._log and result not in _RESTARTS:
                self._log.write(tid, rewritten.asked, result)
        kernel.go_on(tid)
        self._settle_early()

    def _restore(self, rewritten: Rewritten) -> None:
        rewritten.restore_registers(rewritten.tid)
        if rewritten.asked.args and not self._in_the_same_struct(rewritten.tid, rewritten.asked):
            rewritten.restore_struct(rewritten.tid)

    def _made(self, tid: int) -> None:
        """A call has made a child, and has not returned yet."""
        child = kernel.event_message(tid)
        rewritten = self._calls.pop(tid, None)
        if self._log:
            call = rewritten.asked if rewritten else read_call(tid, kernel.get_registers(tid))
            if call:
                self._log.write(tid, call, child)
        if tid in self._has_alternate_stack:
            self._has_alternate_stack.add(child)
        if tid in self._held.parent_of:
            # The child of somebody held has a thread or child of its own. The main thread of a process may end
            # while others live, which waitpid does not tell.
            kernel.set_options(tid, self._options | kernel.PTRACE_O_TRACEEXIT)
        holds = rewritten is not None and rewritten.holds and child not in self._ended_early
        self._ended_early.discard(child)
        if holds:
            self._held.hold(tid, child)
        if rewritten:
            self._put_back(rewritten)
            if child in self._early:
                self._begin(child, rewritten, self._early.pop(child))
            else:
                self._awaited[child] = rewritten
        if not holds:
            kernel.go_on_if_alive(tid)
        self._settle_early()

    def _put_back(self, rewritten: Rewritten) -> None:
        try:
            self._restore(rewritten)
        except PtraceError as error:
            if error.errno != errno.ESRCH:
                raise
            rewritten.child_has_a_copy = True  # killed in its stop: what it cannot put back, the child does

    def _appeared(self, tid: int, number: int) -> None:
        """Somebody new has stopped before its first instruction."""
        rewritten = self._awaited.pop(tid, None)
        if rewritten:
            self._begin(tid, rewritten, number)
        elif self._calls:
            self._early[tid] = number
        else:
            if self._has_alternate_stack:
                self._has_alternate_stack.add(tid)
            self.known.add(tid)
            _go_on_or_stay_stopped(tid, number)

    def _begin(self, child: int, rewritten: Rewritten, number: int) -> None:
        self.known.add(child)
        rewritten.restore_registers(child)
        if rewritten.child_has_a_copy:
            rewritten.restore_struct(child)
        if rewritten.alternate_stack and number == signal.SIGTRAP:
            given = Injection.give(child, rewritten.alternate_stack, rewritten.scratch)
            self._injections[child] = (given, rewritten)
        else:
            _go_on_or_stay_stopped(child, number)

    def _settle_early(self) -> None:
        """Once no call is under way, who is still unaccounted for is the child of one that we do not rewrite, or of
        one whose caller was killed before it could be told."""
        if self._calls:
            return
        for child in list(self._early):
            registers = kernel.get_registers(child)
            where = (registers.rip, registers.rbx, registers.rbp)
            lost = next((call for call in self._lost if call.where == where), None)
            number = self._early.pop(child)
            if lost:
                lost.restore_struct(child)
                self._begin(child, lost, number)
            else:
                self._appeared(child, number)
        self._lost.clear()
        self._ended_early.clear()

    def _executed(self, tid: int) -> None:
        """A program was executed. If another thread than the main one did it, it has the main thread's id now."""
        before = kernel.event_message(tid)
        if before != tid:
            self._forget(tid)
            self._forget(before)
            self.known.add(tid)
        self._has_alternate_stack.discard(tid)
        self._held.release(tid)
        kernel.go_on(tid)

    def _ending(self, tid: int) -> None:
        """The child of somebody held, which has threads or children of its own, begins to end."""
        if tid in self._held.parent_of:
            self._held.ending.add(tid)
        kernel.go_on(tid)

    def ended(self, tid: int) -> None:
        """Deal with the end of a tracee."""
        if tid not in self.known and self._calls and tid not in self._awaited:
            self._ended_early.add(tid)
        self._forget(tid)
        self._held.release(tid)
        self._settle_early()

    def _forget(self, tid: int) -> None:
        self.known.discard(tid)
        self._has_alternate_stack.discard(tid)
        self._held.forget_parent(tid)
        self._early.pop(tid, None)
        self._awaited.pop(tid, None)
        self._injections.pop(tid, None)
        self._told.pop(tid, None)
        call = self._calls.pop(tid, None)
        if call:
            self._lost.append(call)


def _answer(tid: int, registers: Registers, result: int) -> None:
    """Let the call that is being entered return a result without running."""
    registers.orig_rax = registers.rax = (1 << 64) - 1
    registers.rax = result & (1 << 64) - 1
    kernel.set_registers(tid, registers)
    kernel.go_on(tid)


def _go_on_or_stay_stopped(tid: int, number: int) -> None:
    """A stopping signal in PTRACE_EVENT_STOP is a group stop, in which the tracee stays; else (SIGTRAP) it goes on."""
    if number == signal.SIGTRAP:
        kernel.go_on(tid)
    else:
        kernel.listen(tid)


def forward(program: int) -> None:
    """Set what signals to the tracer itself mean: those of the terminal reach the program on their own."""

    def pass_on(number: int, frame: object) -> None:
        os.kill(program, number)

    signal.signal(signal.SIGTERM, pass_on)
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
