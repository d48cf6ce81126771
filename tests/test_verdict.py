# SPDX-License-Identifier: MIT
"""Judging recorded events: no process runs here."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_vfork.judging.events import parse_events, parse_spawns
from pytest_vfork.judging.expectations import apply_expectation, find_expectation
from pytest_vfork.judging.verdict import judge_case, judge_workload
from pytest_vfork.model import Case, Expectation, Level, Observation, Outcome, Spawn, Verdict, Workload

MakeCase = Callable[..., Case]
RECORDED = "referee.releases 10 10 0\nparent.returned 11 11 12\nimage.started 12 12 0\nparent.ended 10 10 0\n"


def observed(events: str, status: int | None = 0, left_behind: tuple[str, ...] = (), stdout: str = "") -> Observation:
    return Observation(parse_events(events), status, stdout, "", 0.1, (), left_behind)


def test_a_case_passes_when_its_rules_hold(make_case: MakeCase) -> None:
    case = make_case(
        order=("referee.releases < parent.returned",),
        expect=("parent.returned == image.started.pid", "parent.ended == exited(0)", "count(image.started) == 1"),
        never=("referee.saw-life",),
    )
    assert judge_case(case, observed(RECORDED)) == Verdict(Outcome.PASS, "it holds")


@pytest.mark.parametrize(
    ("cpu_s", "runnable_s", "outcome"),
    [
        (0.31, 51.0, Outcome.BROKEN),  # starved
        (0.31, 0.02, Outcome.FAIL),  # asleep
        (29.0, 31.0, Outcome.FAIL),  # it loops, on a machine that is shared
        (5.0, 55.0, Outcome.BROKEN),  # it loops, or would have ended: nobody can tell
    ],
)
def test_a_machine_that_is_too_slow_is_no_deviation(
    make_case: MakeCase, cpu_s: float, runnable_s: float, outcome: Outcome
) -> None:
    seen = replace(observed(RECORDED, None), elapsed_s=60.0, cpu_s=cpu_s, runnable_s=runnable_s)
    verdict = judge_case(make_case(order=("referee.releases < parent.returned",)), seen)
    assert verdict.outcome is outcome
    assert ("too slow" in verdict.why) == (outcome is Outcome.BROKEN)


def test_the_wrong_order_fails(make_case: MakeCase) -> None:
    verdict = judge_case(make_case(order=("image.started < parent.returned",)), observed(RECORDED))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.seen == "parent.returned came first"


@pytest.mark.parametrize(
    "rule", ["referee.releases < parent.woke", "child.ran < parent.returned", "a.b < c.d by value"]
)
def test_an_event_that_never_came_fails_the_order(make_case: MakeCase, rule: str) -> None:
    verdict = judge_case(make_case(order=(rule,)), observed(RECORDED))
    assert verdict.outcome is Outcome.FAIL
    assert "never came" in verdict.seen


def test_every_first_must_precede_every_then(make_case: MakeCase) -> None:
    case = make_case(order=("a.b < c.d",))
    assert judge_case(case, observed("a.b 1 1 0\na.b 1 1 0\nc.d 1 1 0\n")).outcome is Outcome.PASS
    assert judge_case(case, observed("a.b 1 1 0\nc.d 1 1 0\na.b 1 1 0\n")).outcome is Outcome.FAIL


def test_order_by_value_holds_each_value_against_its_own(make_case: MakeCase) -> None:
    case = make_case(order=("a.b < c.d by value",))
    assert judge_case(case, observed("a.b 1 1 1\nc.d 1 1 1\na.b 1 1 2\nc.d 1 1 2\n")).outcome is Outcome.PASS
    assert judge_case(case, observed("a.b 1 1 1\nc.d 1 1 2\na.b 1 1 2\nc.d 1 1 1\n")).outcome is Outcome.FAIL
    assert judge_case(case, observed("a.b 1 1 1\nc.d 1 1 1\nc.d 1 1 2\n")).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        ("parent.ended == exited(3)", "parent.ended = 0 (exited(0))"),
        ("image.started == 4", "image.started = 0"),
        ("image.started.pid != 12", "image.started.pid = 12"),
        ("count(parent.returned) == 2", "count(parent.returned) = 1"),
        ("child.ran == 1", "child.ran never came"),
        ("parent.returned == child.ran.pid", "parent.returned = 12, child.ran never came"),
    ],
)
def test_a_value_that_differs_fails(make_case: MakeCase, rule: str, seen: str) -> None:
    verdict = judge_case(make_case(expect=(rule,)), observed(RECORDED))
    assert (verdict.outcome, verdict.expected, verdict.seen) == (Outcome.FAIL, rule, seen)


def test_what_must_never_come_fails_when_it_comes(make_case: MakeCase) -> None:
    assert judge_case(make_case(never=("image.started",)), observed(RECORDED)).outcome is Outcome.FAIL


def test_a_hang_fails_and_names_the_first_rule_that_is_not_met(make_case: MakeCase) -> None:
    case = make_case(order=("referee.releases < parent.returned", "parent.returned < parent.reaped"))
    verdict = judge_case(case, observed(RECORDED, status=None))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.expected == "parent.returned < parent.reaped"


@pytest.mark.parametrize(
    ("events", "status", "outcome"),
    [
        ("broken: pipe(ends) 1 1 24\n", 97 << 8, Outcome.BROKEN),
        ("unsupported: no kcmp 1 1 38\n", 96 << 8, Outcome.UNSUPPORTED),
        (RECORDED, 91 << 8, Outcome.BROKEN),
        (RECORDED, 1 << 8, Outcome.FAIL),
        (RECORDED, int(signal.SIGSYS), Outcome.FAIL),
    ],
)
def test_our_own_failures_are_not_findings(make_case: MakeCase, events: str, status: int, outcome: Outcome) -> None:
    assert judge_case(make_case(never=("a.b",)), observed(events, status)).outcome is outcome


def test_a_process_left_behind_fails(make_case: MakeCase) -> None:
    verdict = judge_case(make_case(never=("a.b",)), observed(RECORDED, left_behind=("12 image",)))
    assert (verdict.outcome, verdict.seen) == (Outcome.FAIL, "12 image")


def test_events_cut_short_by_a_kill_are_left_out() -> None:
    assert [event.name for event in parse_events("a.b 1 1 -5\nc.d 1 1")] == ["a.b"]


WORKLOAD = Workload(
    "python/w",
    Level.POSIX,
    "spec",
    "do",
    "it works",
    "ok\n",
    {"python3 clone3-stack|clone-stack with VM+VFORK": 2},
    {},
    frozenset(),
    Path("none"),
    never_seen=("dash family", "python3 vfork"),
)
SPAWNS = """\
spawn call=clone3 flags=0x4100 stack=0x7f0000000000 stack_size=0x9000 pid=1 tid=1 child=2 exe=/usr/bin/python3
spawn call=clone flags=0x4100 stack=0x7f0000000000 stack_size=0x0 pid=1 tid=1 child=3 exe=/usr/bin/python3
spawn call=clone3 flags=0x3d0f00 stack=0x7f0000000000 stack_size=0x9000 pid=1 tid=1 child=4 exe=/usr/bin/python3
spawn call=clone flags=0x1200011 stack=0x0 stack_size=0x0 pid=1 tid=1 child=5 exe=/usr/bin/dash
spawn call=vfork flags=0x0 stack=0x0 stack_size=0x0 pid=1 tid=1 child=6 exe=/usr/bin/bash
"""


def test_spawns_are_named_by_what_they_ask_for() -> None:
    assert [spawn.word for spawn in parse_spawns(SPAWNS)] == ["clone3-stack", "clone-stack", "thread", "fork", "vfork"]


def workload_run(spawns: tuple[Spawn, ...], stdout: str = "ok\n") -> Observation:
    return Observation((), 0, stdout, "", 0.1, spawns=spawns)


def test_a_workload_must_be_seen_to_take_its_path() -> None:
    spawns = parse_spawns(SPAWNS)
    assert judge_workload(WORKLOAD, workload_run(spawns)).outcome is Outcome.PASS
    verdict = judge_workload(WORKLOAD, workload_run(spawns[1:]))
    assert verdict.outcome is Outcome.BROKEN
    assert verdict.seen == "bash vfork x 1, dash fork x 1, python3 clone-stack x 1, python3 thread x 1"
    assert judge_workload(WORKLOAD, workload_run(())).outcome is Outcome.BROKEN


def test_a_workload_must_not_be_seen_to_take_the_other_path() -> None:
    spawns = (*parse_spawns(SPAWNS), replace(parse_spawns(SPAWNS)[-1], exe="/usr/bin/dash"))
    verdict = judge_workload(WORKLOAD, workload_run(spawns))
    assert (verdict.outcome, verdict.expected) == (Outcome.BROKEN, "never dash family")


def test_a_workload_that_nothing_can_see_into_is_unsupported_unless_it_fails() -> None:
    blind = replace(workload_run(()), unseen="static")
    assert judge_workload(WORKLOAD, blind).outcome is Outcome.UNSUPPORTED
    assert judge_workload(WORKLOAD, replace(blind, stdout="no")).outcome is Outcome.FAIL


def test_a_workload_with_other_output_fails() -> None:
    assert judge_workload(WORKLOAD, workload_run(parse_spawns(SPAWNS), "no\n")).outcome is Outcome.FAIL


KNOWN = Expectation(("area/*",), Outcome.FAIL, "cannot be had", "docs", calls=("vfork",), modes=("emulate",))


def test_an_expectation_speaks_of_its_calls_and_modes_alone() -> None:
    assert find_expectation([KNOWN], "area/rule", "vfork", "emulate") is KNOWN
    for id, call, mode in (
        ("other/rule", "vfork", "emulate"),
        ("area/rule", "clone", "emulate"),
        ("area/rule", "vfork", "fork"),
    ):
        assert find_expectation([KNOWN], id, call, mode) is None


@pytest.mark.parametrize(
    ("outcome", "becomes"),
    [
        (Outcome.FAIL, Outcome.XFAIL),
        (Outcome.PASS, Outcome.XPASS),
        (Outcome.BROKEN, Outcome.BROKEN),
        (Outcome.UNSUPPORTED, Outcome.UNSUPPORTED),
    ],
)
def test_an_expectation_turns_fail_into_xfail_and_pass_into_xpass(outcome: Outcome, becomes: Outcome) -> None:
    assert apply_expectation(Verdict(outcome, "why"), KNOWN).outcome is becomes


@pytest.mark.parametrize(
    ("outcome", "becomes"),
    [(Outcome.PASS, Outcome.PASS), (Outcome.FAIL, Outcome.XFAIL), (Outcome.BROKEN, Outcome.BROKEN)],
)
def test_what_deviates_in_some_runs_is_never_stale(outcome: Outcome, becomes: Outcome) -> None:
    assert apply_expectation(Verdict(outcome, "why"), replace(KNOWN, sometimes=True)).outcome is becomes
