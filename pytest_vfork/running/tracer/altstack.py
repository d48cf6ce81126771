# SPDX-License-Identifier: MIT
"""The alternate signal stack of a child.

The kernel takes it from a child with CLONE_VM unless CLONE_VFORK is set too (sas_ss_reset in copy_process), and a
tracer that hides CLONE_VFORK must give it back. No ptrace request reads or sets it, so the tasks are made to call
sigaltstack(2): the parent, before its call, tells what it has; the child, before its first instruction, gets the same.
Only tasks that were seen to call sigaltstack pay for this: the filter stops that call.
"""

from __future__ import annotations

from . import kernel
from .kernel import PtraceError, Registers

_SYSCALL_SIZE = 2  # the instruction `syscall`, 0f 05
_RED_ZONE = 128
_WORDS = 3  # sizeof(stack_t)
_SS_DISABLE = 2  # linux/signal.h
_NO_SYSTEM_CALL = (1 << 64) - 1  # in orig_rax: nothing to restart
_MASK = (1 << 64) - 1


class Injection:
    """A call of sigaltstack(2) that a tracee is made to make, and all that is put back after it."""

    __slots__ = ("_memory", "_registers", "_saved_mask", "scratch", "tid")

    def __init__(self, tid: int, registers: Registers, scratch: int) -> None:
        self.tid = tid
        self.scratch = scratch
        self._registers = registers
        self._memory = kernel.read_words(tid, scratch, _WORDS)
        self._saved_mask = b""

    @classmethod
    def ask(cls, tid: int, registers: Registers) -> Injection:
        """Turn the call that a tracee has just entered into one that tells its alternate stack."""
        try:
            injection = cls(tid, registers, (registers.rsp - _RED_ZONE - 64) & ~15 & _MASK)
        except PtraceError:  # nothing is mapped there: where the stack pointer points, something is
            injection = cls(tid, registers, registers.rsp & ~7)
        changed = Registers.from_buffer_copy(registers)
        changed.orig_rax, changed.rdi, changed.rsi = kernel.NR_SIGALTSTACK, 0, injection.scratch
        kernel.set_registers(tid, changed)
        kernel.go_on_to_system_call(tid)
        return injection

    def answer(self) -> list[int]:
        """Read what it told, and let the tracee enter its own call again; an empty list for no alternate stack."""
        told = kernel.read_words(self.tid, self.scratch, _WORDS)
        kernel.write_words(self.tid, self.scratch, self._memory)
        again = self._registers
        again.rax, again.rip, again.orig_rax = again.orig_rax, again.rip - _SYSCALL_SIZE, _NO_SYSTEM_CALL
        kernel.set_registers(self.tid, again)
        kernel.go_on(self.tid)
        return [] if told[1] & _SS_DISABLE or not told[2] else told

    @classmethod
    def give(cls, tid: int, stack: list[int], scratch: int) -> Injection:
        """Make a child that has not run yet call sigaltstack first. A signal must not come between."""
        registers = kernel.get_registers(tid)
        injection = cls(tid, registers, scratch)
        kernel.write_words(tid, scratch, stack)
        injection._saved_mask = kernel.block_signals(tid)
        changed = Registers.from_buffer_copy(registers)
        changed.rax, changed.rip, changed.orig_rax = (
            kernel.NR_SIGALTSTACK,
            registers.rip - _SYSCALL_SIZE,
            _NO_SYSTEM_CALL,
        )
        changed.rdi, changed.rsi = scratch, 0
        kernel.set_registers(tid, changed)
        kernel.go_on(tid)
        return injection

    def given(self) -> None:
        """Put everything back and let the child begin."""
        kernel.write_words(self.tid, self.scratch, self._memory)
        kernel.set_registers(self.tid, self._registers)
        kernel.set_mask(self.tid, self._saved_mask)
        kernel.go_on(self.tid)
