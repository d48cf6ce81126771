# SPDX-License-Identifier: MIT
"""A call that makes a process or thread: as the program asked for it, and what the kernel gets instead."""

from __future__ import annotations

import signal

from . import kernel
from .kernel import CLONE_SIGHAND, CLONE_THREAD, CLONE_UNTRACED, CLONE_VFORK, CLONE_VM, PtraceError, Registers

_NAMES = {kernel.NR_VFORK: "vfork", kernel.NR_FORK: "fork", kernel.NR_CLONE: "clone", kernel.NR_CLONE3: "clone3"}
_FIRST_SIZE, _LARGEST_SIZE = 64, 4096  # linux/sched.h: CLONE_ARGS_SIZE_VER0; more than a page is E2BIG
_EXIT_SIGNAL, _STACK, _STACK_SIZE = 32, 40, 48  # linux/sched.h: offsets in struct clone_args
_CSIGNAL = 0xFF  # linux/sched.h
_HALF = 0xFFFFFFFF


class Call:
    """What was asked for. `flags` hold the exit signal in the low byte; `args` is where clone3's struct lies."""

    __slots__ = ("args", "flags", "name", "stack", "stack_size")

    def __init__(self, name: str, flags: int, stack: int = 0, stack_size: int = 0, args: int = 0) -> None:
        self.name = name
        self.flags = flags
        self.stack = stack
        self.stack_size = stack_size
        self.args = args


def read_call(tid: int, registers: Registers) -> Call | None:
    """Read the call that a stopped tracee is in; None for one that makes nothing, or that the kernel will refuse."""
    name = _NAMES.get(registers.orig_rax)
    if name == "vfork":
        return Call(name, CLONE_VM | CLONE_VFORK | signal.SIGCHLD)
    if name == "fork":
        return Call(name, int(signal.SIGCHLD))
    if name == "clone":
        return Call(name, registers.rdi & _HALF, registers.rsi)
    if name is None or not _FIRST_SIZE <= registers.rsi <= _LARGEST_SIZE:
        return None
    args = registers.rdi
    try:
        flags, exit_signal = kernel.read_word(tid, args), kernel.read_word(tid, args + _EXIT_SIGNAL)
        stack, stack_size = kernel.read_words(tid, args + _STACK, 2)
    except PtraceError:
        return None
    if flags & _CSIGNAL or exit_signal & ~_CSIGNAL:
        return None
    return Call(name, flags | exit_signal, stack, stack_size, args)


def dropped(flags: int, mode: str) -> int:
    """Return the flags that the kernel shall not see.

    CLONE_UNTRACED is one in every mode: it would take the child, filter and all, from its tracer.
    """
    gone = CLONE_UNTRACED
    if mode == "fork" and flags & (CLONE_VM | CLONE_VFORK | CLONE_THREAD) == CLONE_VM | CLONE_VFORK:
        gone |= CLONE_VM | CLONE_SIGHAND
    if mode != "reissue":
        gone |= CLONE_VFORK
    return flags & gone


class Rewritten:
    """A call on its way through the kernel in another form, and how to put back what was changed for that.

    It is changed where the flags are: in registers, or in clone3's own struct. (A copy of the struct would need memory
    of the program's, and there may be none: a stack can end right below the red zone.)
    """

    __slots__ = ("alternate_stack", "asked", "child_has_a_copy", "holds", "registers", "scratch", "tid", "where")

    def __init__(self, tid: int, asked: Call, registers: Registers, mode: str) -> None:
        gone = dropped(asked.flags, mode)
        self.tid = tid
        self.asked = asked
        self.where = (registers.rip, registers.rbx, registers.rbp)
        self.holds = mode == "emulate" and bool(asked.flags & CLONE_VFORK)
        self.child_has_a_copy = not asked.flags & ~gone & CLONE_VM
        self.alternate_stack: list[int] = []
        self.scratch = 0
        changed: list[tuple[int, int, int]] = []
        if asked.name == "clone3":
            kernel.write_word(tid, asked.args, asked.flags & ~_CSIGNAL & ~gone)
        elif asked.name == "clone":
            changed = [(kernel.RDI, registers.rdi, registers.rdi & ~gone)]
        elif mode == "fork":
            changed = [(kernel.ORIG_RAX, kernel.NR_VFORK, kernel.NR_FORK)]
        else:
            # glibc keeps vfork's return address in rdi across the call: it is put back in both
            changed = [
                (kernel.ORIG_RAX, kernel.NR_VFORK, kernel.NR_CLONE),
                (kernel.RDI, registers.rdi, CLONE_VM | signal.SIGCHLD),
                (kernel.RSI, registers.rsi, 0),
            ]
        for place, _, value in changed:
            kernel.poke_user(tid, place, value)
        self.registers = tuple((place, was) for place, was, _ in changed)

    def restore_registers(self, tid: int) -> None:
        """Put the registers back, in parent or child."""
        for place, value in self.registers:
            kernel.poke_user(tid, place, value)

    def restore_struct(self, tid: int) -> None:
        """Put clone3's struct back, in the memory of parent or child."""
        if self.asked.args:
            kernel.write_word(tid, self.asked.args, self.asked.flags & ~_CSIGNAL)
