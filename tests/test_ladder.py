# SPDX-License-Identifier: MIT
from __future__ import annotations

import json

import pytest

from pytest_vfork.judging.ladder import ladder, reached
from pytest_vfork.model import Event, Level, Observation, Outcome, Spawn, ThreadState, Verdict
from pytest_vfork.model.result import Result


def result(level: Level, outcome: Outcome, id: str = "area/rule") -> Result:
    return Result(id, "vfork", level, "spec", "must", "", None, Verdict(outcome, "why"))


def test_a_rung_counts_and_names_the_first_that_failed() -> None:
    results = [
        result(Level.SUSPENDS, Outcome.FAIL, "b/late"),
        result(Level.SUSPENDS, Outcome.FAIL, "a/early"),
        result(Level.SUSPENDS, Outcome.PASS),
        result(Level.SUSPENDS, Outcome.UNSUPPORTED),
    ]
    rung = ladder(results)[Level.SUSPENDS]
    assert (rung.total, rung.held) == (3, 1)
    assert rung.first_failed is not None
    assert rung.first_failed.id == "a/early"


@pytest.mark.parametrize(
    ("outcomes", "level"),
    [
        ([Outcome.PASS] * 4, Level.LINUX),
        ([Outcome.PASS, Outcome.PASS, Outcome.FAIL, Outcome.PASS], Level.SUSPENDS),
        ([Outcome.PASS, Outcome.XFAIL, Outcome.PASS, Outcome.PASS], Level.POSIX),
        ([Outcome.PASS, Outcome.PASS, Outcome.PASS, Outcome.BROKEN], Level.SHARES),
        ([Outcome.BROKEN, Outcome.PASS, Outcome.PASS, Outcome.PASS], None),
        ([Outcome.PASS, Outcome.UNSUPPORTED, Outcome.PASS, Outcome.PASS], Level.POSIX),
    ],
)
def test_the_level_reached_is_the_highest_below_which_all_holds(outcomes: list[Outcome], level: Level | None) -> None:
    assert reached(ladder(map(result, Level, outcomes))) is level


def test_known_deviations_are_passed_over_only_when_asked() -> None:
    outcomes = [Outcome.PASS, Outcome.PASS, Outcome.PASS, Outcome.XFAIL]
    rungs = ladder(map(result, Level, outcomes))
    assert reached(rungs) is Level.SHARES
    assert reached(rungs, but_for_known=True) is Level.LINUX
    assert (rungs[Level.LINUX].held, rungs[Level.LINUX].first_failed) == (0, None)
    assert (
        reached(ladder([*map(result, Level, outcomes), result(Level.POSIX, Outcome.FAIL)]), but_for_known=True) is None
    )


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
        Verdict(Outcome.FAIL, "why", "e", "s"),
        "link",
        "musl",
    )
    assert Result.from_json(json.loads(json.dumps(whole.to_json()))) == whole
