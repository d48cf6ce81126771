# SPDX-License-Identifier: MIT
"""Sees what two processes have in common, as the kernel itself compares it: kcmp(2)."""

from __future__ import annotations

import errno
import platform

_KCMP = {"x86_64": 312, "aarch64": 272}  # asm/unistd.h
# linux/kcmp.h: KCMP_VM .. KCMP_SYSVSEM
KINDS = {"vm": 1, "files": 2, "fs": 3, "sighand": 4, "io": 5, "sysvsem": 6}


def shared(one: int, other: int) -> tuple[str, ...] | None:
    """Return the kinds of KINDS that two processes share.

    None when that cannot be told: one is gone, is not ours to look at, or there is no kcmp here (each a known errno).
    Two that have none of a kind (`io`, `sysvsem`) count as sharing it for the kernel, but not here: they are left out
    unless memory is shared too.
    """
    import ctypes  # pytest loads this module in every run

    number = _KCMP.get(platform.machine())
    if number is None:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    same = []
    for kind, value in KINDS.items():
        result = libc.syscall(ctypes.c_long(number), one, other, value, ctypes.c_ulong(0), ctypes.c_ulong(0))
        if result < 0:
            if ctypes.get_errno() in (errno.ESRCH, errno.EPERM, errno.ENOSYS):
                return None
            raise OSError(ctypes.get_errno(), "kcmp")
        if result == 0:
            same.append(kind)
    return tuple(same) if "vm" in same else tuple(kind for kind in same if kind not in ("io", "sysvsem"))
