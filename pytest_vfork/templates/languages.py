# SPDX-License-Identifier: MIT
"""The languages of workloads: how each becomes something that can be started. One table, at the end."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..model import Program, Workload

# Returns the path of an executable (Site.find).
Find = Callable[[str], "str | None"]
# What a workload consists of: file name → text, the one to start first.
Sources = Mapping[str, str]
_VERSION = re.compile(r"\d+(\.\d+)+[\w.+~-]*")
_VERSION_DEADLINE_S = 60


class Maker(Protocol):
    """What a language needs of the builder (building/builder.py), which says what each of these does."""

    @property
    def cc(self) -> tuple[str, ...]:
        """The C compiler."""

    @property
    def c_flags(self) -> tuple[str, ...]:
        """The flags that every C program of ours is compiled with."""

    @property
    def folder(self) -> Path:
        """Where a language may keep a cache of its own."""

    def script(self, sources: Sources, command: tuple[str, ...]) -> Program:
        """Keep scripts under their names and return how to start the first of them."""

    def compiled(
        self,
        sources: Sources,
        command: tuple[str, ...],
        compiler: tuple[str, ...],
        *,
        version: str = "--version",
        classes: bool = False,
    ) -> Program:
        """Compile the first of the sources."""


@dataclass(frozen=True)
class Language:
    """`start` makes a program of sources and the options of a workload; it may raise build.CompileError.

    `version` is the command that tells the version. `probe` is the least program: where it cannot be made, or does not
    end well, the language is missing, and the Debian packages `packages` have it.
    """

    name: str
    start: Callable[[Maker, Find, Sources, Sequence[str]], Program]
    version: tuple[str, ...]
    probe: str
    packages: tuple[str, ...] = ()


def _interpreted(interpreter: str) -> Callable[[Maker, Find, Sources, Sequence[str]], Program]:
    """A script; the options stand between the interpreter and its name."""

    def start(builder: Maker, find: Find, sources: Sources, options: Sequence[str]) -> Program:
        return builder.script(sources, (find(interpreter) or interpreter, *options))

    return start


def _c(builder: Maker, find: Find, sources: Sources, options: Sequence[str]) -> Program:
    """A C program; of the options the first may be a compiler of its own, the rest are flags."""
    cc = builder.cc
    if options and not options[0].startswith("-"):
        cc, options = (find(options[0]) or options[0],), options[1:]
    return builder.compiled(sources, (*cc, *builder.c_flags, *options), cc)


def _rust(builder: Maker, find: Find, sources: Sources, options: Sequence[str]) -> Program:
    """A Rust program without crates; the options are rustc's."""
    rustc = find("rustc") or "rustc"
    return builder.compiled(sources, (rustc, "--edition", "2021", "-O", *options), (rustc,))


def _go(builder: Maker, find: Find, sources: Sources, options: Sequence[str]) -> Program:
    """A Go program without modules; the options are variables of go's environment (CGO_ENABLED=0)."""
    go = find("go") or "go"
    environment = ["GO111MODULE=off", "GOFLAGS=", f"GOCACHE={builder.folder / 'go-build'}", *options]
    return builder.compiled(sources, ("env", *environment, go, "build"), (go,), version="version")


def _java(builder: Maker, find: Find, sources: Sources, options: Sequence[str]) -> Program:
    """A Java program whose class is named Workload; the options are the JVM's."""
    folder = builder.compiled(sources, (find("javac") or "javac", "-d", "."), (find("java") or "java",), classes=True)
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
    where = ("-cp", str(folder.source.parent))
    return Program(folder.source, (find("java") or "java", *quick, *options, *where, "Workload"))


# os/user, so that with CGO_ENABLED=1 a C compiler is needed
_GO = 'package main\n\nimport _ "os/user"\n\nfunc main() {}\n'
_JAVA = "class Workload { public static void main(String[] arguments) {} }\n"
_DASH = ("dpkg-query", "-W", "-f", "${Version}", "dash")
_PYTHON = (sys.executable, "--version")

LANGUAGES: Mapping[str, Language] = {
    "bash": Language("bash", _interpreted("bash"), ("bash", "--version"), ":\n", ("bash",)),
    "c": Language("C", _c, ("ldd", "--version"), "int main(void) { return 0; }\n", ("gcc", "libc6-dev")),
    "go": Language("Go", _go, ("go", "version"), _GO, ("golang-go",)),
    "java": Language("Java", _java, ("java", "-version"), _JAVA, ("default-jdk-headless",)),
    "js": Language("node", _interpreted("node"), ("node", "--version"), "\n", ("nodejs",)),
    "pl": Language("perl", _interpreted("perl"), ("perl", "-e", "printf '%vd', $^V"), "\n", ("perl",)),
    "py": Language("Python", _interpreted(sys.executable), _PYTHON, "\n"),
    "rb": Language("ruby", _interpreted("ruby"), ("ruby", "--version"), "\n", ("ruby",)),
    "rs": Language("Rust", _rust, ("rustc", "--version"), "fn main() {}\n", ("rustc", "gcc", "libc6-dev")),
    "sh": Language("dash", _interpreted("dash"), _DASH, ":\n", ("dash",)),
}


def packages(workload: Workload) -> set[str]:
    """Return the Debian packages that a workload stands on."""
    named = {package for packages in workload.needs.values() for package in packages.split()}
    return named.union(LANGUAGES[workload.language].packages)


@functools.cache
def version(command: tuple[str, ...]) -> str:
    """Return the first thing that looks like a version in what a command says, or "" if there is none."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_VERSION_DEADLINE_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):  # not there, or not made to be asked
        return ""
    found = _VERSION.search(done.stdout + done.stderr)
    return found[0].rstrip(".") if found else ""


def version_of(workload: Workload) -> str:
    """Return the version of the program that a workload is about, as this machine has it."""
    return version(workload.version or LANGUAGES[workload.language].version)
