# SPDX-License-Identifier: MIT
"""Whether guests boot under KVM here: found out once, by booting one."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path

from .guest import GuestError

KVM, TCG = "kvm", "tcg,thread=multi"
BOOT_DEADLINE_S = 15.0  # of a kernel under KVM, which needs one or two


def choose(machine: str, folder: Path, boots: Callable[[str, float], None]) -> str:
    """Return how qemu shall run a machine. /dev/kvm may be there and boot nothing, so it is tried.

    `boots` raises GuestError. The answer is kept beside the kernels, for this host's kernel.
    """
    if machine != platform.machine() or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return TCG
    kept = folder / f"kvm-{platform.release()}"
    if not kept.exists():
        try:
            boots(KVM, BOOT_DEADLINE_S)
            kept.write_text("boots\n", "utf-8")
        except GuestError as error:
            kept.write_text(f"does not boot\n{error}\n", "utf-8")
    return KVM if kept.read_text("utf-8").startswith("boots") else TCG
