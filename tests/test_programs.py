# SPDX-License-Identifier: MIT
"""Programs too slow for a workload give the same result under native, reissue and emulate: one file of programs/ each.

The head of a file says what it needs (`# needs: command that must end well = package`) and, line by line, the whole
output (`# prints:`).
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.building.builder import Builder
from pytest_vfork.model import Mode, Observation, Program, describe_status
from pytest_vfork.running.interposers import Settings
from pytest_vfork.running.interposers.shim import Shim
from pytest_vfork.running.present import Inventory
from pytest_vfork.running.sites import Launch
from pytest_vfork.running.sites.local import LocalSite

FOLDER = Path(__file__).parent / "programs"
DEADLINE_S = 300
MODES = (Mode.NATIVE, Mode.REISSUE, Mode.EMULATE)
# By suffix: the executable that runs the file, and Debian's package of it.
RUNNERS = {
    ".py": (sys.executable, "python3"),
    ".sh": ("dash", "dash"),
}
PROGRAMS = [file for file in sorted(FOLDER.iterdir()) if file.suffix in RUNNERS]

Run = Callable[[Path, Mode], Observation]


def head(file: Path, key: str) -> list[str]:
    return re.findall(rf"^(?:#|//) {key}: (.*)$", file.read_text("utf-8"), re.MULTILINE)


def missing(file: Path, inventory: Inventory) -> str | None:
    """Say what this machine lacks for a program, and how to get it, or None."""
    runner, package = RUNNERS[file.suffix]
    needs = {f"{runner} /dev/null": package}
    for need in head(file, "needs"):
        command, _, package = need.rpartition(" = ")
        needs[command.replace("{python}", sys.executable)] = package
    return inventory.lacks_program(needs)


@pytest.fixture(scope="module")
def run(builder: Builder) -> Run:
    """Run a program in a mode; once each, so that what native gave is at hand."""

    @functools.cache
    def once(file: Path, mode: Mode) -> Observation:
        boot = Shim(Settings(mode, builder)).boot()
        program = Program(file, (RUNNERS[file.suffix][0], str(file)))
        return LocalSite(builder).run(Launch(program, boot, DEADLINE_S, {"LC_ALL": "C"}))

    return once


@pytest.mark.parametrize("mode", MODES, ids=[mode.value for mode in MODES])
@pytest.mark.parametrize("file", PROGRAMS, ids=[file.name for file in PROGRAMS])
def test_a_program_gives_the_same_result_in_every_mode(run: Run, inventory: Inventory, file: Path, mode: Mode) -> None:
    if lack := missing(file, inventory):
        pytest.skip(lack)
    seen, native = run(file, mode), run(file, Mode.NATIVE)
    assert seen.status is not None, f"no end within {DEADLINE_S} s:\n" + "\n".join(map(str, seen.where))
    told = f"{describe_status(seen.status)}\n{seen.stdout}{seen.stderr}"
    if prints := head(file, "prints"):
        assert seen.stdout.splitlines() == prints, told
    assert seen.status == 0, told
    assert (seen.stdout, seen.left_behind) == (native.stdout, ()), told
