# SPDX-License-Identifier: MIT
"""Real programs give the right result under native, reissue and emulate: one file of programs/, one program.

The head of a file says what it needs (`# needs: executable=package`) and, line by line, the whole output (`# prints:`).
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.build import Builder
from pytest_vfork.interposers import Settings
from pytest_vfork.interposers.shim import Shim, why_not
from pytest_vfork.model import Mode, Observation, Program, describe_status
from pytest_vfork.sites import Launch
from pytest_vfork.sites.local import LocalSite

FOLDER = Path(__file__).parent / "programs"
DEADLINE_S = 300
MODES = (Mode.NATIVE, Mode.REISSUE, Mode.EMULATE)
# By suffix: the executable that runs or compiles the file, and Debian's package of it.
RUNNERS = {
    ".bash": ("bash", "bash"),
    ".c": ("cc", "gcc"),
    ".go": ("go", "golang-go"),
    ".java": ("java", "default-jdk-headless"),
    ".js": ("node", "nodejs"),
    ".pl": ("perl", "perl"),
    ".py": (sys.executable, "python3"),
    ".sh": ("dash", "dash"),
}
# The JDK has two ways to start a program that use vfork (jdk.lang.Process.launchMechanism).
OPTIONS = {"Launch.java": ("POSIX_SPAWN", "VFORK")}
PROGRAMS = [
    (file, option)
    for file in sorted(FOLDER.iterdir())
    if file.suffix in RUNNERS
    for option in OPTIONS.get(file.name, ("",))
]

Run = Callable[[Path, str, Mode], Observation]


def head(file: Path, key: str) -> list[str]:
    return re.findall(rf"^(?:#|//) {key}: (.*)$", file.read_text("utf-8"), re.MULTILINE)


def missing(file: Path) -> str | None:
    """Say what this machine lacks for a program, and how to get it, or None. A dot makes it a Python module."""
    needs = [tuple(need.split("=")) for line in head(file, "needs") for need in line.split()]
    if file.suffix != ".c":  # the builder has found its compiler, which may be another one
        needs.append(RUNNERS[file.suffix])
    for name, package in needs:
        is_module = "." in name and not name.startswith("/")
        if is_module and not _has_module(name):
            return f"{sys.executable} has no {name}: apt-get install {package}, or a Python built from source"
        if not is_module and shutil.which(name) is None:
            return f"{name} is not here: apt-get install {package}"
        # go only compiles, natively
        if not is_module and name != "go" and (reason := why_not(Path(shutil.which(name) or name))):
            return f"{reason}; install the dynamic one: apt-get install {package}"
    return None


def _has_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@pytest.fixture(scope="module")
def command(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], tuple[str, ...]]:
    """How a program is started; what needs compiling is compiled once."""

    @functools.cache
    def start(file: Path, option: str) -> tuple[str, ...]:
        if file.suffix == ".c":
            return builder.c_program(file.name, file.read_text("utf-8")).argv
        if file.suffix == ".go":
            return (go_build(file, tmp_path_factory.mktemp("go"), cgo=True),)
        if file.suffix == ".java":
            return ("java", "-XX:TieredStopAtLevel=1", f"-Djdk.lang.Process.launchMechanism={option}", str(file))
        return (RUNNERS[file.suffix][0], str(file))

    return start


def go_build(file: Path, folder: Path, *, cgo: bool) -> str:
    environment = {**os.environ, "GO111MODULE": "off", "GOCACHE": str(folder / "cache"), "CGO_ENABLED": str(int(cgo))}
    image = folder / file.stem
    subprocess.run(["go", "build", "-o", str(image), str(file)], env=environment, check=True, timeout=DEADLINE_S)
    return str(image)


@pytest.fixture(scope="module")
def run(builder: Builder, command: Callable[[Path, str], tuple[str, ...]]) -> Run:
    """Run a program in a mode; once each, so that what native gave is at hand."""

    @functools.cache
    def once(file: Path, option: str, mode: Mode) -> Observation:
        boot = Shim(Settings(mode, (), builder)).boot()
        launch = Launch(Program(file, command(file, option)), boot, DEADLINE_S, {"LC_ALL": "C"})
        return LocalSite(builder).run(launch)

    return once


@pytest.mark.parametrize("mode", MODES, ids=[mode.value for mode in MODES])
@pytest.mark.parametrize(
    "file, option",
    [pytest.param(file, option, id=f"{file.name}-{option}" if option else file.name) for file, option in PROGRAMS],
)
def test_a_program_gives_the_same_result_in_every_mode(run: Run, file: Path, option: str, mode: Mode) -> None:
    if lack := missing(file):
        pytest.skip(lack)
    seen, native = run(file, option, mode), run(file, option, Mode.NATIVE)
    assert seen.status is not None, f"no end within {DEADLINE_S} s:\n" + "\n".join(map(str, seen.where))
    told = f"{describe_status(seen.status)}\n{seen.stdout}{seen.stderr}"
    if prints := head(file, "prints"):
        assert seen.stdout.splitlines() == prints, told
    assert seen.status == 0, told
    assert (seen.stdout, seen.left_behind) == (native.stdout, ()), told


@pytest.mark.skipif(shutil.which("go") is None, reason="go is not here: apt-get install golang-go")
@pytest.mark.parametrize("mode", MODES[1:], ids=["reissue", "emulate"])
def test_a_static_go_program_is_refused(builder: Builder, tmp_path: Path, mode: Mode) -> None:
    source = tmp_path / "static.go"
    source.write_text('package main\n\nfunc main() { println("ran") }\n')
    image = go_build(source, tmp_path, cgo=False)
    boot = Shim(Settings(mode, (), builder)).boot()
    program = Program(source, ("dash", "-c", f"{image}; echo status $?"))
    seen = LocalSite(builder).run(Launch(program, boot, DEADLINE_S))
    assert (seen.status, seen.stdout) == (0, "status 126\n"), seen
    assert image in seen.stderr and "ptrace" in seen.stderr
