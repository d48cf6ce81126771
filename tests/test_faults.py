# SPDX-License-Identifier: MIT
"""The table of faults, and that a fault which is asked for is committed: by this program and by those it executes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.building.builder import Builder
from pytest_vfork.model import Mode
from pytest_vfork.records.read import read_record
from pytest_vfork.running.interposers import InterposerError, Settings, probe
from pytest_vfork.running.interposers.shim import Shim
from pytest_vfork.running.sites import Launch
from pytest_vfork.running.sites.local import LocalSite
from pytest_vfork.templates import places
from pytest_vfork.templates.faults import TABLE, FaultError, fault, faults, read_faults

Run = Callable[..., pytest.RunResult]
SUITE = ("--pyargs", "pytest_vfork.conformance")
ROW = (
    'FAULT(a_fault, BOTH, SOUND, "memory spawn", "It goes "\n'
    '      "wrong.", "some, (or) other", b->x = f(1, 2); b->y = 1)\n'
)
# Prints what the shim's prctl answers about the fault (shim.h), in this program and in one that it executes.
ASK = "import ctypes; c = ctypes.CDLL(None, use_errno=True); c.prctl(0x76666b73, 5, 0, 0, 0); print(ctypes.get_errno())"


def write(folder: Path, text: str) -> Path:
    path = folder / "faults.def"
    path.write_text("/*\n * FAULT(name, in a comment)\n */\n" + text)
    return path


def test_a_row_is_read(tmp_path: Path) -> None:
    read = read_faults(write(tmp_path, ROW + ROW.replace("a_fault", "another")))
    assert list(read) == ["a-fault", "another"]
    one = read["a-fault"]
    assert (one.number, one.areas, one.is_sound, one.title) == (1, ("memory", "spawn"), True, "It goes wrong.")
    assert (one.models, one.changes) == ("some, (or) other", "b->x = f(1, 2); b->y = 1")
    assert (one.modes, read["another"].number) == ((Mode.EMULATE, Mode.REISSUE), 2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("BOTH", "SOME", ":4: 'SOME': want one of EMULATE, BOTH"),
        ("SOUND", "LOUD", ":4: 'LOUD': want one of SOUND, UNSOUND"),
        ('"memory spawn"', '"memory cellar"', ":4: area cellar: want some of suspension"),
        ("a_fault", "A-Fault", ":4: 'A-Fault': want a name of small letters"),
        ('"some, (or) other", ', "", ":4: 6 arguments"),
        ('"wrong."', '"wrong"', ":4: want a title that is a sentence"),
        ("b->y = 1)", "b->y = 1", "a row that does not end: FAULT("),
        ("\n", "\n" + ROW, "a_fault is there twice".replace("_", "-")),
    ],
)
def test_each_broken_rule_has_a_message_with_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = ROW + ROW if "twice" in message else ROW.replace(old, new, 1)
    with pytest.raises(FaultError, match=re.escape(message)):
        read_faults(write(tmp_path, text))


def test_every_row_is_read_and_the_shim_has_room_to_answer() -> None:
    assert len(faults()) < 0x100
    assert TABLE.read_text().count("\nFAULT(") == len(faults())


def test_an_unknown_fault_is_told_with_those_that_are_close() -> None:
    with pytest.raises(FaultError, match="did you mean memory-private"):
        fault("memory-privat")
    with pytest.raises(FaultError, match=r"want one of parent-not-suspended, .*--vfork-list-faults"):
        fault("zzz")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--vfork-fault=memory-privat",), "*--vfork-fault: 'memory-privat' is no fault; did you mean memory-private*"),
        (("--vfork-fault=memory-private", "--vfork-mode=fork"), "*goes with --vfork-mode=emulate, not with fork*"),
        (("--vfork-fault=exit-signal-lost", "--vfork-mode=native"), "*goes with --vfork-mode=emulate or reissue, not*"),
        (
            ("--vfork-fault=memory-private", "--vfork-interposer=command", "--vfork-command=env"),
            "*--vfork-fault goes with --vfork-interposer=shim, not with command*",
        ),
    ],
)
def test_a_fault_that_cannot_be_is_an_error_of_use(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run(*SUITE, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_the_list_tells_each(run: Run) -> None:
    result = run("--vfork-list-faults")
    assert result.ret == 0
    assert [line.split(" ", 1)[0] for line in result.outlines if line and line[0] != " "] == list(faults())


def test_a_run_says_its_fault_and_how_to_repeat_it(run: Run, pytester: pytest.Pytester) -> None:
    case = "write-of-child-is-in-parent-after-its-exit:vfork"
    result = run(*SUITE, "-k", case, "--vfork-fault=memory-private", "--vfork-record=run.jsonl")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "  again:    pytest --vfork-fault=memory-private *",
            "*vfork conformance: shim, mode emulate, fault memory-private*",
        ]
    )
    assert '"fault": "memory-private"' in (pytester.path / "run.jsonl").read_text().splitlines()[0]


def test_a_hanging_program_gets_its_verdict_and_the_run_goes_on(run: Run) -> None:
    cases = ("suspension/parent-resumes-when-child-is-killed", "suspension/parent-waits-until-exit")
    items = [f"{places.folder('c_tests') / case}.c.j2::vfork" for case in cases]
    result = run(*items, "--vfork-fault=not-released-on-sigkill", "--vfork-deadline=2")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["  broke:    the program did not end within the deadline", "  where everyone was *"])


@pytest.mark.parametrize("mode", [Mode.EMULATE, Mode.REISSUE])
def test_the_fault_is_armed_in_each_image(builder: Builder, mode: Mode) -> None:
    boot = Shim(Settings(mode, builder, {"fault": "exit-signal-forced"})).boot()
    again = f"import os, sys; os.execve(sys.executable, [sys.executable, '-c', {ASK!r}], {{}})"
    for program in (ASK, again):
        done = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, **boot.env}, capture_output=True, text=True, timeout=60
        )
        assert int(done.stdout) == 0xE00 + fault("exit-signal-forced").number, done.stderr


def test_a_fault_that_is_not_there_is_noticed_by_the_probe(builder: Builder) -> None:
    site = LocalSite(builder)
    shim = Shim(Settings(Mode.EMULATE, builder, {"fault": "memory-private"}))
    plain = Shim(Settings(Mode.EMULATE, builder))
    armed, unarmed = (site.run(Launch(probe(builder), interposer.boot(), 60)) for interposer in (shim, plain))
    assert shim.complain(armed) is None
    assert plain.complain(unarmed) is None
    assert "does not commit the fault" in (shim.complain(unarmed) or "")
    assert "does not commit the fault" in (plain.complain(armed) or "")


def test_the_shim_refuses_a_fault_that_it_does_not_know(builder: Builder) -> None:
    boot = Shim(Settings(Mode.EMULATE, builder)).boot()
    environment = {**os.environ, **boot.env, "VFORK_SHIM": "mode=emulate,fault=spork"}
    done = subprocess.run(["true"], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 127
    assert "bad VFORK_SHIM" in done.stderr


def test_settings_with_an_unknown_fault_raise(builder: Builder) -> None:
    with pytest.raises((FaultError, InterposerError)):
        Shim(Settings(Mode.EMULATE, builder, {"fault": "spork"}))


def test_a_case_whose_call_is_refused_ends_by_itself(run: Run, pytester: pytest.Pytester) -> None:
    refused = ("--vfork-mode=reissue", "--vfork-fault=refused-with-enosys", "--vfork-calls=clone3", "-n2")
    run(*SUITE, *refused, "--vfork-deadline=20", "--vfork-record=run.jsonl")
    read = read_record(pytester.path / "run.jsonl")
    cases = [item for item in read.items.values() if item.call and item.seen]
    assert len(cases) > 150
    assert [item.name for item in cases if item.seen and item.seen.status is None] == []
