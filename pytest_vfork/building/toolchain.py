# SPDX-License-Identifier: MIT
"""Finds the compilers of this machine."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ..model.words import words
from ..templates.variants import VARIANTS
from .cache import Cache, RefusedError

# uname(2)'s machine → zig's. What it makes with musl and static needs nothing of the machine that it runs on.
ZIG_MACHINES: Mapping[str, str] = {
    "x86_64": "x86_64",
    "i386": "x86",
    "aarch64": "aarch64",
    "riscv64": "riscv64",
    "loongarch64": "loongarch64",
}
# How a program for another machine is linked. Without symbols, for it is twenty times smaller, and guests are small.
OF_ANOTHER_MACHINE = ("-static", "-s")


class NoCompilerError(Exception):
    """There is no C compiler; the message says how to get one."""


def find_cc(wanted: str | None, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the command of the C compiler: the one asked for, else $CC, else cc, gcc or clang, else zig from PyPI.

    One that was not asked for must be seen to make a program: a gcc without libc6-dev does not. Raises NoCompilerError
    if there is none, or if the one asked for is not there.
    """
    named = wanted or environ.get("CC")
    if named:
        try:
            command = words(named, "--vfork-cc" if wanted else "$CC")
        except ValueError as error:
            raise NoCompilerError(str(error)) from error
        if shutil.which(command[0], path=environ.get("PATH")) is None:
            raise NoCompilerError(f"no such C compiler: {named}")
        return command
    paths = [shutil.which(name, path=environ.get("PATH")) for name in ("cc", "gcc", "clang")]
    path = next((path for path in paths if path and _makes_programs(path)), None)
    if path:
        return (path,)
    if importlib.util.find_spec("ziglang") and platform.machine() in ZIG_MACHINES:
        return zig(platform.machine(), "gnu")
    way = "apt-get install gcc libc6-dev, or pip install 'pytest-vfork[cc]'"
    useless = next(filter(None, paths), None)
    raise NoCompilerError(f"{useless} makes no programs: {way}" if useless else f"no C compiler: {way}")


def zig(machine: str, libc: str = "musl") -> tuple[str, ...]:
    """Return the command of the compiler for any machine, `libc` being musl or gnu; raise NoCompilerError."""
    if machine not in ZIG_MACHINES:
        raise NoCompilerError(f"no compiler for machine {machine}: there is one for {', '.join(ZIG_MACHINES)}")
    if importlib.util.find_spec("ziglang") is None:
        raise NoCompilerError(f"no compiler for machine {machine}: pip install 'pytest-vfork[cc]'")
    return (sys.executable, "-m", "ziglang", "cc", "-target", f"{ZIG_MACHINES[machine]}-linux-{libc}")


def compile_command(
    variant: str, cc: tuple[str, ...], machine: str = platform.machine(), environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """Return the compiler and its flags for a variant on a machine; `cc` is the compiler of the plain one.

    For another machine than this one `cc` has one libc. Raise NoCompilerError, which says how to get what is missing.
    """
    flags = VARIANTS[variant].flags
    if variant == "musl" and machine == platform.machine():
        return (*_musl(environ), *flags)
    return (*cc, *flags)


@cache
def _makes_programs(compiler: str) -> bool:
    """Compile and link the least program, once for all sessions of this user."""
    source = '#include <stdio.h>\nint main(void)\n{\n\treturn puts("works") < 0;\n}\n'

    def make(folder: Path) -> None:
        (folder / "works.c").write_text(source, "utf-8")
        command = [compiler, "-o", str(folder / "works"), str(folder / "works.c")]
        with compiling_in(folder) as env:
            done = subprocess.run(
                command, env=env, capture_output=True, text=True, errors="replace", timeout=60, check=False
            )
        # that it makes none is not kept: the next time it may be another machine, with more space, say
        if done.returncode or not has_made(folder / "works"):
            raise RefusedError(done.stderr)

    stamp = str(Path(compiler).stat().st_mtime_ns)
    headers = str(Path("/usr/include/stdio.h").exists())  # they may come later
    try:
        Cache.of_user().get(("works, or was not kept", compiler, stamp, headers, source), make)
    except RefusedError:
        return False
    return True


def has_made(program: Path) -> bool:
    """Tell whether a compiler that said nothing has made a program."""
    return program.is_file() and program.stat().st_size > 0


@contextmanager
def compiling_in(folder: Path) -> Iterator[dict[str, str]]:
    """Give the environment of a compiler that fills this folder: what it leaves when it is killed goes with that."""
    scratch = folder / "tmp"
    scratch.mkdir()
    try:
        yield {**os.environ, "TMPDIR": str(scratch)}
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@cache
def identify(command: tuple[str, ...], version: str = "--version") -> str:
    """Return what the compiler says of its own version: part of the key of all that it builds."""
    done = subprocess.run(
        [*command, version], capture_output=True, text=True, errors="replace", timeout=60, check=False
    )
    return " ".join(command) + "\n" + done.stdout


def _musl(environ: Mapping[str, str]) -> tuple[str, ...]:
    wrapper = shutil.which("musl-gcc", path=environ.get("PATH"))
    if wrapper:
        return (wrapper,)
    if importlib.util.find_spec("ziglang"):
        return zig(platform.machine())
    raise NoCompilerError("no compiler for musl: apt-get install musl-tools, or pip install 'pytest-vfork[cc]'")
