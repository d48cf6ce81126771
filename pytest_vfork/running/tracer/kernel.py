# SPDX-License-Identifier: MIT
"""The calls to the kernel: python-ptrace's table (`ptrace.binding`), and what it lacks, by C name and header."""

from __future__ import annotations

import ctypes
import errno
import os
import warnings

with warnings.catch_warnings():
    # ptrace/tools.py computes a constant with datetime.utcfromtimestamp(), deprecated since Python 3.12: under
    # `python -W error` the import itself would fail.
    warnings.filterwarnings("ignore", r"datetime\.datetime\.utcfromtimestamp\(\) is deprecated", DeprecationWarning)
    import ptrace as _python_ptrace
    from ptrace.binding import func

PtraceError = _python_ptrace.PtraceError
PTRACE_SEIZE = 0x4206  # linux/ptrace.h
PTRACE_LISTEN = 0x4208  # linux/ptrace.h
PTRACE_GETSIGMASK = 0x420A  # linux/ptrace.h
PTRACE_SETSIGMASK = 0x420B  # linux/ptrace.h
PTRACE_O_TRACESECCOMP = 1 << 7  # linux/ptrace.h
PTRACE_O_EXITKILL = 1 << 20  # linux/ptrace.h
PTRACE_EVENT_SECCOMP = 7  # linux/ptrace.h
PTRACE_EVENT_STOP = 128  # linux/ptrace.h

PTRACE_O_TRACEEXIT = func.PTRACE_O_TRACEEXIT
PTRACE_O_TRACEVFORKDONE = func.PTRACE_O_TRACEVFORKDONE
PTRACE_EVENT_FORK, PTRACE_EVENT_VFORK = func.PTRACE_EVENT_FORK, func.PTRACE_EVENT_VFORK
PTRACE_EVENT_CLONE, PTRACE_EVENT_EXEC = func.PTRACE_EVENT_CLONE, func.PTRACE_EVENT_EXEC
PTRACE_EVENT_VFORK_DONE, PTRACE_EVENT_EXIT = func.PTRACE_EVENT_VFORK_DONE, func.PTRACE_EVENT_EXIT
FOLLOW = (
    PTRACE_O_EXITKILL
    | func.PTRACE_O_TRACESYSGOOD
    | func.PTRACE_O_TRACEFORK
    | func.PTRACE_O_TRACEVFORK
    | func.PTRACE_O_TRACECLONE
    | func.PTRACE_O_TRACEEXEC
)

CLONE_VM = 0x100  # linux/sched.h
CLONE_SIGHAND = 0x800  # linux/sched.h
CLONE_VFORK = 0x4000  # linux/sched.h
CLONE_THREAD = 0x10000  # linux/sched.h
CLONE_UNTRACED = 0x800000  # linux/sched.h

NR_CLONE, NR_FORK, NR_VFORK = 56, 57, 58  # asm/unistd_64.h
NR_SIGALTSTACK, NR_PRCTL, NR_SECCOMP, NR_CLONE3 = 131, 157, 317, 435  # asm/unistd_64.h

# Where PTRACE_POKEUSER finds a register: its place in struct user (sys/user.h), whose head is user_regs_struct.
_PLACES = {name: getattr(func.ptrace_registers_t, name).offset for name, _ in func.ptrace_registers_t._fields_}
ORIG_RAX, RDI, RSI = _PLACES["orig_rax"], _PLACES["rdi"], _PLACES["rsi"]

_WALL = func.THREAD_TRACE_FLAGS  # __WALL, linux/wait.h
_WORD = 8
_EVERY_SIGNAL = b"\xff" * 8

# It keeps the interpreter's lock: there is one thread, and every stop comes through here.
_libc = ctypes.PyDLL(None, use_errno=True)
_status = ctypes.c_int()
_status_pointer = ctypes.byref(_status)

ptrace = func.ptrace
get_registers = func.ptrace_getregs
set_registers = func.ptrace_setregs
event_message = func.ptrace_geteventmsg
go_on = func.ptrace_cont
go_on_to_system_call = func.ptrace_syscall
set_options = func.ptrace_setoptions
poke_user = func.ptrace_pokeuser
Registers = func.ptrace_registers_t


def wait() -> tuple[int, int]:
    """Wait for any tracee; return its tid and wait status, (0, 0) when a signal came first, (-1, 0) if none is left.

    (os.waitpid would wait on after a signal: PEP 475.)
    """
    tid = _libc.waitpid(-1, _status_pointer, _WALL)
    if tid < 0:
        return (0, 0) if ctypes.get_errno() == errno.EINTR else (-1, 0)
    return tid, _status.value


def seize(pid: int, options: int) -> None:
    """Attach to a process without stopping it (PTRACE_SEIZE)."""
    ptrace(PTRACE_SEIZE, pid, 0, options)


def go_on_if_alive(tid: int) -> None:
    """Let a tracee go on; if it was killed in its stop, its end is told next, and there is nothing to do."""
    try:
        go_on(tid)
    except PtraceError as error:
        if error.errno != errno.ESRCH:
            raise


def listen(tid: int) -> None:
    """Let a tracee that has taken part in a group stop stay stopped, until SIGCONT (PTRACE_LISTEN)."""
    ptrace(PTRACE_LISTEN, tid)


def read_word(tid: int, address: int) -> int:
    """Read 8 bytes of a stopped tracee's memory; raise PtraceError (EIO, EFAULT) where nothing is mapped."""
    return int(ptrace(func.PTRACE_PEEKDATA, tid, address, check_errno=True))


def write_word(tid: int, address: int, word: int) -> None:
    """Write 8 bytes into a stopped tracee's memory, read-only private memory too; raise PtraceError."""
    ptrace(func.PTRACE_POKEDATA, tid, address, word)


def read_words(tid: int, address: int, count: int) -> list[int]:
    """Read consecutive words; raise PtraceError."""
    return [read_word(tid, address + _WORD * at) for at in range(count)]


def write_words(tid: int, address: int, words: list[int]) -> None:
    """Write consecutive words; raise PtraceError."""
    for at, word in enumerate(words):
        write_word(tid, address + _WORD * at, word)


def block_signals(tid: int) -> bytes:
    """Block every signal of a stopped tracee and return the mask that it had (PTRACE_SETSIGMASK)."""
    mask = ctypes.create_string_buffer(8)
    ptrace(PTRACE_GETSIGMASK, tid, 8, ctypes.addressof(mask))
    set_mask(tid, _EVERY_SIGNAL)
    return mask.raw


def set_mask(tid: int, mask: bytes) -> None:
    """Set the signal mask of a stopped tracee."""
    ptrace(PTRACE_SETSIGMASK, tid, 8, ctypes.addressof(ctypes.create_string_buffer(mask, 8)))


def check(result: int, what: str) -> None:
    """Raise OSError if a call through ctypes failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def system_call(number: int, *arguments: int) -> int:
    """Make a system call that Python has no function for."""
    return int(_libc.syscall(ctypes.c_long(number), *(ctypes.c_ulong(argument) for argument in arguments)))


def tgid_of(tid: int) -> int:
    """Return the process of a thread; the tid itself when it is gone."""
    return int(status_of(tid).get("Tgid", tid))


def status_of(tid: int) -> dict[str, str]:
    """Return /proc/TID/status as a mapping, empty when the thread is gone."""
    try:
        with open(f"/proc/{tid}/status", encoding="utf-8", errors="replace") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except OSError:
        return {}
