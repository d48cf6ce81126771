# SPDX-License-Identifier: MIT
"""The other builds of its program that a case may be run as, one row each; "" is the plain one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from .toolchain import NoCompilerError

# Compiling is most of a first run: -O2 takes a sixth longer than -O1, and files between the stages longer than pipes.
_FLAGS = ("-std=gnu11", "-O1", "-Wall", "-Wextra", "-pthread", "-pipe")


@dataclass(frozen=True)
class Variant:
    """One way to build a program: `what` completes "made by vfork, ..."."""

    name: str
    what: str
    flags: tuple[str, ...] = _FLAGS


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("", ""),
        Variant("static", "statically linked", (*_FLAGS, "-static")),
        Variant("musl", "with musl for its libc"),
        Variant("O0", "compiled without optimisation", ("-std=gnu11", "-O0", *_FLAGS[2:])),
        Variant("O2", "compiled with more optimisation", ("-std=gnu11", "-O2", *_FLAGS[2:])),
        Variant("no-pie", "at a fixed address", (*_FLAGS, "-fno-pie", "-no-pie")),
        Variant("thread", "with a thread other than the main one as its parent"),
    )
}


def command(variant: str, cc: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the compiler and its flags for a variant; `cc` is the compiler of the plain one.

    Raise NoCompilerError, which says how to get what is missing.
    """
    flags = VARIANTS[variant].flags
    if variant == "musl":
        return (*_musl(environ), *flags)
    if variant == "static" and not _has_static_libc(cc):
        raise NoCompilerError(f"{' '.join(cc)} has no static glibc (libc.a): apt-get install libc6-dev")
    return (*cc, *flags)


def _musl(environ: Mapping[str, str]) -> tuple[str, ...]:
    wrapper = shutil.which("musl-gcc", path=environ.get("PATH"))
    if wrapper:
        return (wrapper,)
    if importlib.util.find_spec("ziglang"):
        return (sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-musl")
    raise NoCompilerError("no compiler for musl: apt-get install musl-tools, or pip install 'pytest-vfork[cc]'")


def _has_static_libc(cc: tuple[str, ...]) -> bool:
    # gcc(1), clang(1): the name itself comes back where no such file is known; zig knows none of glibc
    done = subprocess.run([*cc, "-print-file-name=libc.a"], capture_output=True, text=True, timeout=60, check=False)
    return os.sep in done.stdout and "ziglang" not in cc
