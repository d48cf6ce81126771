# SPDX-License-Identifier: MIT
"""The machines that programs can be exported for, and the compiler that makes a static program for each."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys

from ...building.toolchain import NoCompilerError

# Our name → zig's; musl, since a static program then needs nothing of the machine that it runs on.
TARGETS = {
    "x86_64": "x86_64-linux-musl",
    "i386": "x86-linux-musl",
    "aarch64": "aarch64-linux-musl",
    "riscv64": "riscv64-linux-musl",
    "loongarch64": "loongarch64-linux-musl",
}
FLAGS = ("-std=gnu11", "-O1", "-Wall", "-Wextra", "-pthread", "-static", "-s")
_X86_64 = re.compile(
    r"\b__asm__\b.*\"(syscall|mov|push|pop|lea|jmp|call)\b|%%r[a-ds0-9]|\"=a\"|REG_R[AD]X|\.rax\b", re.S
)


def compiler(target: str) -> tuple[str, ...]:
    """Return the command that makes a static program for a target; raise NoCompilerError."""
    if importlib.util.find_spec("ziglang"):
        return (sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[target], *FLAGS)
    wrapper = shutil.which("musl-gcc")
    if target == "x86_64" and wrapper:
        return (wrapper, *FLAGS)
    raise NoCompilerError(f"no compiler for static {target}: pip install 'pytest-vfork[cc]'")


def why_not(target: str, source: str) -> str | None:
    """Say why a source cannot be compiled for a target, as far as that can be seen in it."""
    if target != "x86_64" and _X86_64.search(source):
        return "its assembler is for x86_64"
    return None
