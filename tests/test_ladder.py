# SPDX-License-Identifier: MIT
from __future__ import annotations

import json

import pytest

from pytest_vfork.judging.ladder import ladder
from pytest_vfork.model import Event, Level, Observation, Outcome, Spawn, ThreadState, Verdict
from pytest_vfork.model.result import Result, Results
from pytest_vfork.reporters.terminal import level_line

PASS, FAIL, XFAIL = Outcome.PASS, Outcome.FAIL, Outcome.XFAIL
UNSUPPORTED, BROKEN = Outcome.UNSUPPORTED, Outcome.BROKEN


def result(level: Level, outcome: Outcome, id: str = "area/rule") -> Result:
    return Result(id, "vfork", level, "spec", "must", "", None, Verdict(outcome, "why"))


def one_of_each_level(outcomes: list[Outcome]) -> list[Result]:
    return list(map(result, Level, outcomes))


def test_a_rung_counts_and_names_the_first_that_failed() -> None:
    results = [
        result(Level.SUSPENDS, FAIL, "b/late"),
        result(Level.SUSPENDS, FAIL, "a/early"),
        result(Level.SUSPENDS, PASS),
        result(Level.SUSPENDS, UNSUPPORTED),
    ]
    rung = ladder(results).rungs[Level.SUSPENDS]
    assert (rung.total, rung.held, rung.unsupported) == (3, 1, 1)
    assert rung.first_failed is not None
    assert rung.first_failed.id == "a/early"


@pytest.mark.parametrize(
    ("outcomes", "level", "line"),
    [
        ([PASS] * 4, Level.LINUX, "level: linux"),
        ([PASS, PASS, FAIL, PASS], Level.SUSPENDS, "level: suspends"),
        ([PASS, XFAIL, PASS, PASS], Level.POSIX, "level: posix; linux if the known deviation is excused"),
        ([XFAIL, PASS, PASS, XFAIL], None, "level: none; linux if the 2 known deviations are excused"),
        ([PASS, XFAIL, FAIL, XFAIL], Level.POSIX, "level: posix; suspends if the known deviation is excused"),
        ([PASS, PASS, PASS, BROKEN], Level.SHARES, "level: shares"),
        ([BROKEN, PASS, PASS, PASS], None, "level: none"),
        ([PASS, UNSUPPORTED, PASS, PASS], Level.POSIX, "level: posix"),
    ],
)
def test_the_level_reached_is_the_highest_below_which_all_holds(
    outcomes: list[Outcome], level: Level | None, line: str
) -> None:
    seen = ladder(one_of_each_level(outcomes))
    assert seen.reached is level
    assert level_line(seen) == line


def test_known_deviations_are_excused_only_when_asked() -> None:
    seen = ladder(one_of_each_level([PASS, PASS, PASS, XFAIL]))
    assert (seen.reached, seen.reached_but_for_known) == (Level.SHARES, Level.LINUX)
    assert (seen.rungs[Level.LINUX].held, seen.rungs[Level.LINUX].first_failed) == (0, None)
    failed = [*one_of_each_level([PASS, PASS, PASS, XFAIL]), result(Level.POSIX, FAIL)]
    assert ladder(failed).reached_but_for_known is None


def test_what_is_unsupported_at_or_below_the_level_is_named_with_it() -> None:
    results = [*one_of_each_level([PASS, PASS, FAIL, PASS]), *one_of_each_level([PASS, *[UNSUPPORTED] * 3])]
    assert level_line(ladder(results)) == ("level: suspends; 1 item unsupported here: suspends 1 (pytest -rs says why)")


def test_a_run_that_lacks_one_item_claims_no_level() -> None:
    missing = {"deselected": [Level.LINUX, Level.LINUX], "lost with a worker": [Level.POSIX]}
    seen = ladder(Results(one_of_each_level([PASS] * 4), missing))
    assert (seen.is_complete, seen.reached, seen.reached_but_for_known) == (False, None, None)
    assert level_line(seen) == "no level: 4 of 7 items ran (2 deselected, 1 lost with a worker)"
    assert [rung.did_not_run for rung in seen.rungs] == [1, 0, 0, 2]


def test_a_result_survives_the_way_through_json() -> None:
    seen = Observation(
        (Event(0, "a.b", 1, 2, -3),),
        None,
        "out",
        "err",
        1.5,
        (ThreadState(1, 1, "comm", "S", "pipe_read", "0"),),
        ("3 sh",),
        (Spawn("vfork", 0, 0, 1, 1, 2, "/bin/sh"),),
    )
    whole = Result(
        "a/b",
        "clone",
        Level.SHARES,
        "spec",
        "must",
        "/src.c",
        seen,
        Verdict(FAIL, "why", "e", "s"),
        "link",
        "musl",
    )
    assert Result.from_json(json.loads(json.dumps(whole.to_json()))) == whole
