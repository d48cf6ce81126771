# SPDX-License-Identifier: MIT
"""`pytest-vfork judge`: what exported programs said, whole or cut off, and what becomes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_vfork.commands.cli import main
from pytest_vfork.judging import ktap
from pytest_vfork.model import Outcome
from pytest_vfork.templates import suite

ITEMS = ktap.items(suite.cases())
ITEM = "suspension/parent-waits-until-exec:vfork"


def test_a_console_is_read_with_what_the_kernel_puts_before_its_lines() -> None:
    text = (
        "SeaBIOS\r\n\x1b[2J[    1.000000] KTAP version 1\r\n<6>[    2.500000] # broke: x\r\n"
        "[   12.3] not ok 1 suspension/parent-waits-until-exec:vfork\r\nok 2 memory/a-b:clone # SKIP no\r\n"
        "look ok 3 a/b:c\r\n"
    )
    assert [(told.item, told.verdict.outcome, told.verdict.why) for told in ktap.read(text)] == [
        ("suspension/parent-waits-until-exec:vfork", Outcome.FAIL, "x"),
        ("memory/a-b:clone", Outcome.UNSUPPORTED, "no"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("none.ktap", "nothing\n", "no verdict"),
        ("other.ktap", "ok 1 area/unheard-of:vfork\n", "has no item 'area/unheard-of:vfork'"),
        ("bad.jsonl", "{\n{\n", "no line of a record"),
        ("list.jsonl", "[]\n[]\n", "no line of a record"),
    ],
)
def test_judge_says_what_it_cannot_read(
    name: str, text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(text)
    assert main(["judge", str(tmp_path / name)]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("cut", f"KTAP version 1\n1..3\nok 1 {ITEM}\n", "cut has 1 of 3 verdicts: the run was cut off"),
        ("two", f"1..1\nok 1 {ITEM}\n[ 1.5] 1..2\r\n", "two has 1 of 3 verdicts: the run was cut off"),
        ("cut.jsonl", '{"kind": "run", "schema": 2}\n', "cut.jsonl has no end: the run was cut off"),
        (
            "more.jsonl",
            '{"kind": "run", "schema": 2}\n{"kind": "ladder"}\n{"kind": "run", "schema": 2}\n',
            "more.jsonl has no end: the run was cut off",
        ),
        ("noted", f"1..2 # of vfork\nok 1 {ITEM}\n", "noted has 1 of 2 verdicts: the run was cut off"),
    ],
)
def test_judge_says_what_was_cut_off(
    name: str, text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A guest that panics at an item is green in nobody's CI."""
    (tmp_path / name).write_text(text)
    whole = tmp_path / "whole"
    whole.write_text(f"1..1\nok 1 {ITEM}\n")
    assert main(["judge", str(whole)]) == 0
    assert main(["judge", str(whole), str(tmp_path / name)]) == 99
    assert capsys.readouterr().err == f"pytest-vfork: judge: {tmp_path}/{says}\n"
    (tmp_path / "bad").write_text(f"not ok 1 {ITEM}\n")
    assert main(["judge", str(tmp_path / "bad"), str(tmp_path / name)]) == 1


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ("ok 1 {}", Outcome.PASS),
        ("ok 1 {} # SKIP no", Outcome.UNSUPPORTED),
        ("not ok 1 {} # ERROR the judge ended early", Outcome.BROKEN),
        ("not ok 1 {}", Outcome.BROKEN),
    ],
)
def test_the_word_of_a_program_is_not_made_better_by_its_facts(told: str, outcome: Outcome) -> None:
    facts = ["status: 0", "left: ", "event: referee.releases 3 3 0", "event: image.started 1 1 0"]
    facts += ["event: parent.returned 2 2 1", "event: parent.ended 3 3 0"]
    text = "".join(f"# {fact}\n" for fact in facts) + told.format(ITEM) + "\n"
    assert [ktap.judge(one, ITEMS).verdict.outcome for one in ktap.read(text)] == [outcome]


def test_judge_writes_into_nothing_that_it_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "told").write_text(f"ok 1 {ITEM}\n")
    assert main(["judge", str(tmp_path / "told"), "--record", str(tmp_path / "told")]) == 2
    says = f"judge: --record: {tmp_path}/told: it is what shall be judged"
    assert capsys.readouterr().err == f"pytest-vfork: {says}\n"


def test_judge_cannot_renew_expectations_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "told").write_text(f"ok 1 {ITEM}\n")
    (tmp_path / "bad.toml").write_text("[[")
    assert main(["judge", str(tmp_path / "told"), "--update-expectations", str(tmp_path / "bad.toml")]) == 2
    says = capsys.readouterr().err
    assert re.fullmatch(r"pytest-vfork: judge: \S+/bad.toml: it stays as it was: .*\n", says), says
    assert (tmp_path / "bad.toml").read_text() == "[["
    assert main(["judge", str(tmp_path / "told"), "--update-expectations", str(tmp_path / "new.toml")]) == 0
    assert (tmp_path / "new.toml").read_text().startswith("# What unknown is known to break (docs/expectations.md")


@pytest.mark.parametrize("option", ["html", "markdown", "record", "update-expectations"])
@pytest.mark.parametrize(
    ("file", "why"),
    [("none/x", "No such file or directory"), ("folder", "Is a directory"), ("told/x", "Not a directory")],
)
def test_judge_makes_no_folder_for_what_it_writes(
    option: str,
    file: str,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As all of our commands do; options of pytest make it, as --junitxml does."""
    (tmp_path / "told").write_text("ok 1 suspension/parent-waits-until-exec:vfork\n")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["judge", "told", f"--{option}", file]) == 2
    assert capsys.readouterr().err == f"pytest-vfork: judge: {file}: {why}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "told"]


def test_judge_writes_each_report_to_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "told").write_text("ok 1 suspension/parent-waits-until-exec:vfork\n")
    monkeypatch.chdir(tmp_path)
    assert main(["judge", "told", "--html", "x", "--markdown", "./x"]) == 2
    assert capsys.readouterr().err == "pytest-vfork: judge: --markdown: x: --html writes it already\n"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("option", ["html", "markdown", "record", "update-expectations"])
def test_judge_says_that_the_disk_is_full(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "told").write_text("ok 1 suspension/parent-waits-until-exec:vfork\n")
    assert main(["judge", str(tmp_path / "told"), f"--{option}=/dev/full"]) == 2
    said = capsys.readouterr()
    assert said.err == "pytest-vfork: judge: /dev/full: No space left on device\n"
    assert "no level: 1 of " in said.out


@pytest.mark.parametrize(
    "console",
    [
        f"KTAP version 1\n1..1\nok 1 {ITEM}\nTAP version 13\n1..40\nok 1 kselftest\n",
        f"[ 0.5] 1..2\n[ 0.6]     1..3\n[ 0.6]     ok 1 a\n[ 0.7] ok 1 b\n1..1\nok 1 {ITEM}\n",
    ],
    ids=["kselftest", "KUnit"],
)
def test_what_others_announce_on_a_console_is_not_ours(console: str, tmp_path: Path) -> None:
    (tmp_path / "console").write_text(console)
    assert main(["judge", str(tmp_path / "console")]) == 0


def test_a_status_that_is_no_number_of_ours_is_none(tmp_path: Path) -> None:
    (tmp_path / "told").write_text(f"# status: {'9' * 5000}\nok 1 {ITEM}\n")
    assert main(["judge", str(tmp_path / "told")]) == 1
