# SPDX-License-Identifier: MIT
"""Finds the compilers of this machine."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache

from ..templates.variants import VARIANTS


class NoCompilerError(Exception):
    """There is no C compiler; the message says how to get one."""


def find_cc(wanted: str | None, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the command of the C compiler: the one asked for, else $CC, else cc, gcc or clang, else zig from PyPI.

    Raises NoCompilerError if there is none, or if the one asked for is not there.
    """
    named = wanted or environ.get("CC")
    if named:
        command = tuple(shlex.split(named))
        if not command or shutil.which(command[0], path=environ.get("PATH")) is None:
            raise NoCompilerError(f"no such C compiler: {named}")
        return command
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name, path=environ.get("PATH"))
        if path:
            return (path,)
    if importlib.util.find_spec("ziglang"):
        return (sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-gnu")
    raise NoCompilerError("no C compiler: install gcc or clang, or pip install 'pytest-vfork[cc]'")


def compile_command(variant: str, cc: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the compiler and its flags for a variant; `cc` is the compiler of the plain one.

    Raise NoCompilerError, which says how to get what is missing.
    """
    flags = VARIANTS[variant].flags
    if variant == "musl":
        return (*_musl(environ), *flags)
    if variant == "static" and not has_static_libc(cc):
        raise NoCompilerError(f"{' '.join(cc)} has no static glibc (libc.a): apt-get install libc6-dev")
    return (*cc, *flags)


@cache
def identify(command: tuple[str, ...], version: str = "--version") -> str:
    """Return what the compiler says of its own version: part of the key of all that it builds."""
    done = subprocess.run([*command, version], capture_output=True, text=True, timeout=60, check=False)
    return " ".join(command) + "\n" + done.stdout


def _musl(environ: Mapping[str, str]) -> tuple[str, ...]:
    wrapper = shutil.which("musl-gcc", path=environ.get("PATH"))
    if wrapper:
        return (wrapper,)
    if importlib.util.find_spec("ziglang"):
        return (sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-musl")
    raise NoCompilerError("no compiler for musl: apt-get install musl-tools, or pip install 'pytest-vfork[cc]'")


def has_static_libc(cc: tuple[str, ...]) -> bool:
    """Say whether the compiler can link statically against glibc."""
    # gcc(1), clang(1): the name itself comes back where no such file is known; zig knows none of glibc
    done = subprocess.run([*cc, "-print-file-name=libc.a"], capture_output=True, text=True, timeout=60, check=False)
    return os.sep in done.stdout and "ziglang" not in cc
