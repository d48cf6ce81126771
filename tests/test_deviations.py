# SPDX-License-Identifier: MIT
"""Expectations that a run writes, for versions, and as the lists of other projects."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_vfork.commands.cli import main
from pytest_vfork.judging import lists
from pytest_vfork.judging.deviations import Item, to_toml, update
from pytest_vfork.judging.expectations import (
    UNEXPLAINED,
    ExpectationError,
    find_expectation,
    read_expectations,
    speaks_of,
)
from pytest_vfork.model import Expectation, Level, Outcome, Verdict
from pytest_vfork.model.census import Row, Wanted
from pytest_vfork.model.result import Result
from pytest_vfork.templates import suite

ITEMS: list[Item] = [
    (id, call, variant)
    for id in ("area/a", "area/b", "area/c-d")
    for call, variant in (("vfork", ""), ("clone3", ""), ("vfork", "musl"), ("clone3", "musl"), ("clone3", "static"))
]


def results(outcomes: dict[Item, Outcome]) -> list[Result]:
    return [
        Result(id, call, Level.POSIX, "", "", "", None, Verdict(outcome, "it does not"), "", variant)
        for (id, call, variant), outcome in outcomes.items()
    ]


@pytest.mark.parametrize("seed", range(200))
def test_what_a_run_writes_foresees_just_that_run(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    kinds = (Outcome.PASS, Outcome.FAIL, Outcome.BROKEN, Outcome.UNSUPPORTED)
    outcomes = {item: draw.choices(kinds, (4, 3, 1, 1))[0] for item in ITEMS}
    file = tmp_path / "known.toml"
    file.write_text(to_toml(update((), results(outcomes), ITEMS, "emulate"), "made\nby a run"))
    known = read_expectations(file, ["area/a", "area/b", "area/c-d"], allows_unexplained=True)
    for item, outcome in outcomes.items():
        found = find_expectation(known, item[0], item[1], "emulate", item[2])
        if outcome in (Outcome.FAIL, Outcome.BROKEN):
            assert found is not None
            assert found.outcome is outcome
        elif outcome is Outcome.PASS:
            assert found is None
        assert find_expectation(known, *item[:2], "fork", item[2]) is None
    assert file.read_text().startswith("# made\n# by a run\n\n[[expect]]\n") or not known


def test_reasons_stay_and_what_did_not_run_stays() -> None:
    old = (
        Expectation(("area/*",), Outcome.FAIL, "known why", "a link", calls=("vfork",)),
        Expectation(("area/a",), Outcome.FAIL, "in mode fork", "a link", modes=("fork",)),
    )
    ran = {
        ("area/a", "vfork", ""): Outcome.XFAIL,
        ("area/a", "clone3", ""): Outcome.FAIL,
        ("area/b", "vfork", ""): Outcome.XPASS,
    }
    new = update(old, results(ran), ITEMS, "emulate")
    assert find_expectation(new, "area/a", "vfork", "emulate") is not None
    assert find_expectation(new, "area/a", "vfork", "emulate").reason == "known why"  # type: ignore[union-attr]
    assert find_expectation(new, "area/a", "clone3", "emulate").reason == UNEXPLAINED  # type: ignore[union-attr]
    assert find_expectation(new, "area/b", "vfork", "emulate", "") is None
    assert find_expectation(new, "area/c-d", "vfork", "emulate").reason == "known why"  # type: ignore[union-attr]
    assert old[1] in new
    assert old[1] in update(old, results(ran), ITEMS, "")  # of an interposer without modes


def test_a_deviation_without_a_reason_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text('[[expect]]\ncase = "area/a"\noutcome = "fail"\nreason = "?"\nlink = "?"\n')
    with pytest.raises(ExpectationError, match=r"area/a: reason or link is '\?': write down why"):
        read_expectations(file, ["area/a"])
    assert read_expectations(file, ["area/a"], allows_unexplained=True)


@pytest.mark.parametrize(
    ("versions", "version", "holds"),
    [
        ("", "7.2.22", True),
        (">=7.2,<11", "7.2.22", True),
        (">=7.2, <11", "11.1", False),
        ("<7.3", "7.2.22 (Debian)", True),
        ("==7.2", "7.2.22", True),
        ("==7.2", "7.20", False),
        (">7.2", "7.2.22", False),
        ("<=7.2", "7.2.22", True),
        (">=7.10", "7.9", False),
        (">=7.2", "of no version", True),
    ],
)
def test_an_expectation_may_be_about_some_versions(versions: str, version: str, holds: bool) -> None:
    assert speaks_of(Expectation(("a/b",), Outcome.FAIL, "r", "l", versions=versions), version) is holds


def test_a_deviation_of_some_runs_stays_whatever_a_run_showed(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    text = (
        '[[expect]]\ncase = "area/a"\ncalls = ["vfork"]\nsometimes = true\noutcome = "fail"\nreason = "r"\nlink = "l"\n'
    )
    file.write_text(text)
    known = read_expectations(file, ["area/a", "area/b", "area/c-d"])
    for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.UNSUPPORTED):
        outcomes = {item: outcome if item[:2] == ("area/a", "vfork") else Outcome.PASS for item in ITEMS}
        assert to_toml(update(known, results(outcomes), ITEMS, ""), "") == "\n" + text
    file.write_text(text.replace("true", '"often"'))
    with pytest.raises(ExpectationError, match="sometimes"):
        read_expectations(file, ["area/a"])


@pytest.mark.parametrize("versions", ['"7.2"', '">=x"', "7", '">=7,,<8"'])
def test_a_bad_range_of_versions_is_an_error(versions: str, tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text(f'[[expect]]\ncase = "area/a"\noutcome = "fail"\nreason = "r"\nlink = "l"\nversions = {versions}\n')
    with pytest.raises(ExpectationError, match="versions"):
        read_expectations(file, ["area/a"])


@pytest.mark.parametrize("style", list(lists.FORMATS))
def test_a_list_of_another_project_says_the_same(style: str) -> None:
    known = (
        Expectation(("area/a", "area/b"), Outcome.FAIL, "why # not", "a link", calls=("clone3",)),
        Expectation(("area/c-d",), Outcome.FAIL, "because", "a link", variants=("musl",)),
    )
    text = lists.write(known, ITEMS, "", style)
    back = lists.read(text, ITEMS, "", style, known)

    def foreseen(some: Sequence[Expectation]) -> list[Expectation | None]:
        return [find_expectation(some, item[0], item[1], "", item[2]) for item in ITEMS]

    for before, after in zip(foreseen(known), foreseen(back), strict=True):
        assert (before is None) is (after is None)
        if before and after:
            assert (before.reason, before.link) == (after.reason, after.link)


@pytest.mark.parametrize(
    ("style", "text", "says"),
    [
        ("ltp", "area/unheard-of\n", "is no item"),
        ("fex-expected-output", "area/a.vfork one\n", "want a name and an exit status"),
        ("dir-case", "area/a.vfork\n", "want dir:case"),
        ("gtest", "area.a*\n", "without a minus"),
    ],
)
def test_a_list_that_cannot_be_read_is_one_sentence(style: str, text: str, says: str) -> None:
    with pytest.raises(lists.ListError, match=says):
        lists.read(text, ITEMS, "", style)


def test_the_name_of_a_case_stands_for_all_its_items() -> None:
    (one,) = lists.read("area/a # for a while\n\n# area/b\n", ITEMS, "", "ltp")
    assert (one.cases, one.calls, one.variants) == (("area/a",), (), ())


def test_expectations_command_writes_and_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = suite.cases()[0].id
    file = tmp_path / "known.toml"
    file.write_text(f'[[expect]]\ncase = "{case}"\noutcome = "fail"\nreason = "r"\nlink = "l"\n')
    assert main(["expectations", str(file), "--to", "ltp"]) == 0
    listed = capsys.readouterr().out
    (tmp_path / "skip").write_text(listed)
    assert main(["expectations", str(tmp_path / "skip"), "--from", "ltp", "--reasons", str(file)]) == 0
    assert file.read_text() in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["known.toml"], "want --to or --from"),
        (["known.toml", "--to", "ltp", "--from", "fex-flake"], "want --to or --from, not both"),
        (["nowhere", "--from", "ltp"], "nowhere: No such file or directory"),
        (["nowhere", "--to", "ltp"], "nowhere: No such file or directory"),
        (["bytes", "--from", "gtest"], "bytes: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (["known.toml", "--from", "gtest"], "known.toml: a filter without a minus leaves nothing out"),
        (["known.toml", "--from", "ltp", "--reasons", "."], ".: Is a directory"),
    ],
)
def test_expectations_command_says_what_is_wrong_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("known.toml").write_text("")
    Path("bytes").write_bytes(b"\xff")
    assert main(["expectations", *arguments]) == 2
    assert capsys.readouterr().err == f"pytest-vfork: expectations: {says}\n"


ROWS = (
    Row("/bin/make", "clone3-stack", ("VM", "VFORK"), 17, True, 3, 0),
    Row("/bin/sh", "fork", (), 17, False, 2, 0),
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("make clone3-stack >= 1", True),
        ("make clone3-stack >= 4", False),
        ("make clone3-stack == 3", True),
        ("fork <= 1", False),
        ("never fork", False),
        ("never bash fork", True),
        ("family with VM+VFORK", True),
    ],
)
def test_a_census_is_held_to_what_is_wanted(text: str, holds: bool) -> None:
    complaint = Wanted.parse(text).complain(ROWS)
    assert (complaint == "") is holds
    assert holds or "make clone3-stack x 3" in complaint


@pytest.mark.parametrize("text", ["", "never", "never fork >= 1", "fork >= x", "fork > 1", "spoon"])
def test_what_cannot_be_wanted_of_a_census(text: str) -> None:
    with pytest.raises(ValueError, match=r"want|no flag"):
        Wanted.parse(text)


def test_census_ends_with_3_if_it_is_not_as_expected(capfd: pytest.CaptureFixture[str]) -> None:
    command = ["--", "sh", "-c", "echo hello; ls / >/dev/null; true"]
    assert main(["census", "--expect", "family >= 1", *command]) == 0
    assert main(["census", "--expect", "never family", *command]) == 3
    assert "NOT AS EXPECTED: never family" in capfd.readouterr().err
    assert main(["census", "--expect", "spoon", *command]) == 2
