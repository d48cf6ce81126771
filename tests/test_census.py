# SPDX-License-Identifier: MIT
"""The census says what a command did, and passes the command through."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_vfork.judging.events import parse_refusals, parse_spawns
from pytest_vfork.model import Refusal
from pytest_vfork.model.census import Pattern, Row, spell, table, tally, verdict

COMMAND = [sys.executable, "-c", "import sys; from pytest_vfork.commands.cli import main; sys.exit(main())", "census"]
SPAWN = "spawn call={} flags={:#x} stack={:#x} stack_size=0x0 pid=1 tid=1 child={} exe={}\n"
VM, VFORK, SIGCHLD = 0x100, 0x4000, 17
LOG = (
    SPAWN.format("vfork", VM | VFORK | SIGCHLD, 0, 5, "/usr/bin/dash") * 2
    + SPAWN.format("clone3", VM | VFORK | SIGCHLD, 0x7000, 6, "/usr/bin/make")
    + SPAWN.format("clone3", VM | VFORK | SIGCHLD, 0x7000, -11, "/usr/bin/make")
    + SPAWN.format("clone", SIGCHLD, 0, 7, "/usr/bin/dash")
    + "refused exe=/sbin/one two why=is statically linked\n"
)


def census(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


def test_rows_are_by_program_call_flags_and_stack() -> None:
    rows = tally(parse_spawns(LOG))
    assert [(row.program, row.call, row.count, row.failed, row.stack) for row in rows] == [
        ("dash", "fork", 1, 0, False),
        ("dash", "vfork", 2, 0, False),
        ("make", "clone3-stack", 2, 1, True),
    ]
    assert table(rows).splitlines()[-1] == "make     clone3-stack  VM|VFORK  given   2 (1 failed)"
    assert parse_refusals(LOG) == (Refusal("/sbin/one two", "is statically linked"),)


def test_the_answer_names_who_needs_vfork_and_why() -> None:
    answer = verdict(tally(parse_spawns(LOG)))
    assert answer.startswith("uses vfork for 4 of 5 processes: dash (vfork) x 2, make (clone3-stack) x 2.")
    assert "missing program" in answer
    forks = [row for row in tally(parse_spawns(LOG)) if row.call == "fork"]
    assert verdict(forks).startswith("does not use vfork: all 1 processes were made by fork")
    assert "not all of it ran" in verdict([], [Refusal("/static", "is static")]).lower()


def test_flags_are_spelled_out_and_none_is_dropped() -> None:
    assert list(spell(VM | VFORK | SIGCHLD | 1 << 40)) == ["VM", "VFORK", f"{1 << 40:#x}"]


def test_a_pattern_counts_by_program_call_and_flags() -> None:
    rows = tally(parse_spawns(LOG))
    counts = {
        text: Pattern.parse(text).count(rows) for text in ("vfork", "family", "make family", "dash family with VM")
    }
    assert counts == {"vfork": 2, "family": 4, "make family": 2, "dash family with VM": 2}
    assert Pattern.parse("make clone3-stack with VM+FILES").count(rows) == 0
    assert isinstance(rows[0], Row)


def test_a_command_is_passed_through_and_counted(tmp_path: Path) -> None:
    found = tmp_path / "census.json"
    done = census("--json", str(found), "--", "dash", "-c", "read line; /bin/echo $line; (exit 3); exit 7")
    assert (done.returncode, done.stdout) == (7, "\n")
    assert "PROGRAM" in done.stderr
    plain = json.loads(found.read_text())
    assert (plain["schema"], plain["status"], plain["uses_vfork"], plain["refused"]) == (1, 7, True, [])
    assert [(row["program"], row["call"], row["flags"], row["count"]) for row in plain["spawners"]] == [
        ("dash", "fork", ["CHILD_CLEARTID", "CHILD_SETTID"], 1),
        ("dash", "vfork", ["VM", "VFORK"], 1),
    ]


def test_a_death_by_signal_is_passed_on() -> None:
    assert census("--", "sh", "-c", "kill -9 $$").returncode == -9


def test_what_is_not_there_is_said() -> None:
    done = census("--", "no-such-command")
    assert (done.returncode, done.stderr) == (127, "pytest-vfork: no-such-command: not found\n")


@pytest.mark.needs("setuid")
def test_the_shim_says_what_it_did_not_run(tmp_path: Path) -> None:
    image = tmp_path / "setuid"
    shutil.copy("/bin/true", image)
    os.chown(image, 65534, 65534)
    image.chmod(0o4755)
    done = census("--", "dash", "-c", f"{image}; exit 0")
    assert done.returncode == 0
    assert f"NOT RUN: {image} would run with changed privileges" in done.stderr
    assert "--vfork-interposer=ptrace" in done.stderr


@pytest.mark.needs(busybox="busybox true")
def test_a_static_program_is_counted_as_any_other() -> None:
    done = census("--", "busybox", "sh", "-c", "/bin/true; /bin/true; exit 0")
    assert (done.returncode, "NOT RUN" in done.stderr) == (0, False)
    # its shell makes children by plain forks
    assert re.search(r"busybox +fork .* [12]\n", done.stderr), done.stderr
