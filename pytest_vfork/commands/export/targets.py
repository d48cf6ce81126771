# SPDX-License-Identifier: MIT
"""The machines that programs can be exported for, and the compiler that makes a static program for each."""

from __future__ import annotations

import platform
import shutil

from ...building import toolchain
from ...building.toolchain import NoCompilerError

TARGETS = tuple(toolchain.ZIG_MACHINES)
FLAGS = ("-std=gnu11", "-O1", "-Wall", "-Wextra", "-pthread", "-static", "-s")


def compiler(target: str) -> tuple[str, ...]:
    """Return the command that makes a static program for a target; raise NoCompilerError."""
    wrapper = shutil.which("musl-gcc")
    try:
        return (*toolchain.zig(target), *FLAGS)
    except NoCompilerError:
        if target != platform.machine() or wrapper is None:
            raise
        return (wrapper, *FLAGS)
