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


@cache
def identify(command: tuple[str, ...], version: str = "--version") -> str:
    """Return what the compiler says of its own version: part of the key of all that it builds."""
    done = subprocess.run([*command, version], capture_output=True, text=True, timeout=60, check=False)
    return " ".join(command) + "\n" + done.stdout
