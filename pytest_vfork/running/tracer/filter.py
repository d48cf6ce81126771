# SPDX-License-Identifier: MIT
"""The seccomp filter of the tracee: it stops for the calls that matter, and for nothing else.

What the filter never looks at, the kernel keeps in a table of calls that it always allows. 32-bit calls (int 0x80, x32)
are allowed: they are not interposed.
"""

from __future__ import annotations

import ctypes
import errno
import struct

from .kernel import (
    CLONE_UNTRACED,
    CLONE_VFORK,
    NR_CLONE,
    NR_CLONE3,
    NR_PRCTL,
    NR_SECCOMP,
    NR_SIGALTSTACK,
    NR_VFORK,
    check,
    system_call,
)

# A program asks who traces it: prctl(TRACER_PRCTL, 0, 0, 0, 0) fails with the errno that the mode stands for.
TRACER_PRCTL = 0x76667074  # "vfpt"
ANSWERS = {"fork": 0xF41, "reissue": 0xF42, "emulate": 0xF43}

_AUDIT_ARCH_X86_64 = 0xC000003E  # linux/audit.h
_X32 = 0x40000000  # __X32_SYSCALL_BIT, asm/unistd.h
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = (
    0x20,
    0x15,
    0x35,
    0x45,
    0x06,
)  # BPF_LD|W|ABS, BPF_JMP|JEQ,JGE,JSET|K, BPF_RET
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000  # linux/seccomp.h: SECCOMP_RET_ALLOW, SECCOMP_RET_TRACE
_NR, _ARCH, _ARGUMENT = 0, 4, 16  # linux/seccomp.h: offsets in struct seccomp_data; low half of the first argument
_SECCOMP_SET_MODE_FILTER = 1  # linux/seccomp.h
_SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4  # linux/seccomp.h: without it older kernels slow down the whole program
_PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h


def _program(mode: str) -> bytes:
    # "allow" and "trace" are the last two instructions; a jump says how far it is to them from the next one.
    code: list[tuple[int, int, str | None, str | None]] = [
        (_LOAD, _ARCH, None, None),
        (_EQUAL, _AUDIT_ARCH_X86_64, None, "allow"),
        (_LOAD, _NR, None, None),
        (_AT_LEAST, _X32, "allow", None),
        (_EQUAL, NR_VFORK, "trace", None),
        (_EQUAL, NR_CLONE3, "trace", None),  # its flags lie in memory, where a filter cannot look
    ]
    if mode == "emulate":
        code.append((_EQUAL, NR_SIGALTSTACK, "trace", None))  # altstack.py
    code += [
        (_EQUAL, NR_CLONE, "flags", None),
        (_EQUAL, NR_PRCTL, None, "allow"),
        (_LOAD, _ARGUMENT, None, None),
        (_EQUAL, TRACER_PRCTL, "trace", "allow"),
        (_LOAD, _ARGUMENT, None, None),  # "flags"
        (_ANY_BIT, CLONE_VFORK | CLONE_UNTRACED, "trace", "allow"),
        (_RETURN, _ALLOW, None, None),
        (_RETURN, _TRACE, None, None),
    ]
    places = {"allow": len(code) - 2, "trace": len(code) - 1, "flags": len(code) - 4}
    return b"".join(
        struct.pack("=HBBI", op, *(places[to] - at - 1 if to else 0 for to in (if_so, if_not)), value)
        for at, (op, value, if_so, if_not) in enumerate(code)
    )


def install(mode: str) -> None:
    """Put this process, and all that it becomes and makes, under the filter; raise OSError."""
    program = _program(mode)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer)))
    arguments = (_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_SPEC_ALLOW, ctypes.addressof(header))
    if system_call(NR_SECCOMP, *arguments) < 0:
        if ctypes.get_errno() != errno.EACCES:
            check(-1, "seccomp")
        # Without CAP_SYS_ADMIN a filter costs the right to gain privileges: setuid programs run as the user.
        check(system_call(NR_PRCTL, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")
        check(system_call(NR_SECCOMP, *arguments), "seccomp")
