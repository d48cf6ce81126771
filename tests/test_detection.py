# SPDX-License-Identifier: MIT
"""A case that has never failed proves nothing: each fault, and mode fork, fails the cases that say so, and no other.

For each fault this runs some of the cases that must notice it, those that notice the fewest others, and some that must
not. `tox run -e detection` runs all.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pytest_vfork.commands.detection import Row, first_failing, is_of_a_tracer
from pytest_vfork.commands.detection.judge import problems
from pytest_vfork.commands.detection.matrix import run_case
from pytest_vfork.commands.detection.rewrite import fails_under
from pytest_vfork.model import Case, Mode
from pytest_vfork.templates import suite
from pytest_vfork.templates.faults import ANY, faults

MUST, MUST_NOT = 3, 3
# What must notice may hang, and has noticed then. What must not has the time that the suite gives it.
SHORT_S, LONG_S = 3.0, 60.0
# A case that this machine lacks something for, or that deviates here without any fault, cannot notice one.
UNSEEN = ("unsupported", "xfail")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return suite.cases()


def choose(name: str, cases: list[Case]) -> tuple[list[Case], list[tuple[str, str]]]:
    """Cases that must notice a fault, the first of the ladder among them, and items that must not."""
    notice = sorted((case for case in cases if name in case.fails_under), key=lambda c: (len(c.fails_under), c.id))
    must = {case.id: case for case in (*filter(None, [first_of(name, cases)]), *notice)}
    others = [case for case in cases if name not in case.fails_under and not is_of_a_tracer(case)]
    number = faults()[name].number
    must_not = [others[(number * MUST_NOT + index) % len(others)] for index in range(MUST_NOT)]
    return (
        list(must.values())[:MUST],
        [(case.id, case.calls[number % len(case.calls)]) for case in must_not] if faults()[name].is_sound else [],
    )


def first_of(name: str, cases: list[Case]) -> Case | None:
    return first_failing(Row(name, {case.id: () for case in cases if name in case.fails_under}), cases)


def notices(name: str, case: Case, mode: Mode | None = None) -> str:
    """The outcome of the first call that fails; that of the last if none does."""
    outcome = ""
    for call in case.calls:
        outcome = run_case(name, case.id, call, SHORT_S, mode)
        if outcome == "fail":
            break
    return outcome


@pytest.mark.parametrize("name", list(faults()))
def test_a_fault_is_noticed_by_those_who_must_and_by_no_other(name: str, cases: list[Case]) -> None:
    must, must_not = choose(name, cases)
    assert must, "no case notices it"
    outcomes = {case.id: outcome for case in must if (outcome := notices(name, case)) not in UNSEEN}
    if not outcomes:
        pytest.skip(f"what notices it needs what is not here: {', '.join(case.id for case in must)}")
    if faults()[name].is_sound:
        assert outcomes == dict.fromkeys(outcomes, "fail")
    assert "fail" in outcomes.values(), outcomes
    assert "fail" not in {run_case(name, *item, LONG_S) for item in must_not}


@pytest.mark.parametrize("name", [fault.name for fault in faults().values() if Mode.REISSUE in fault.modes])
def test_a_fault_of_both_modes_is_noticed_in_reissue(name: str, cases: list[Case]) -> None:
    case = choose(name, cases)[0][0]
    outcome = notices(name, case, Mode.REISSUE)
    if outcome in UNSEEN:
        pytest.skip(f"{case.id} needs what is not here")
    assert outcome == "fail"


@pytest.mark.parametrize("name", list(faults()))
def test_the_first_case_that_fails_is_about_the_fault(name: str, cases: list[Case]) -> None:
    first = first_of(name, cases)
    assert first, "no case notices it"
    areas = faults()[name].areas
    assert ANY in areas or first.id.partition("/")[0] in areas


def test_what_is_not_true_of_a_fault_is_told(cases: list[Case]) -> None:
    name = "released-only-at-exit"
    says, other = (next(case for case in cases if (name in case.fails_under) is so) for so in (True, False))
    true = {case.id: ("vfork",) for case in cases if name in case.fails_under}
    assert list(problems({name: Row(name, true)}, cases)) == []
    missed = {id: calls for id, calls in true.items() if id != says.id}
    assert list(problems({name: Row(name, missed)}, cases)) == [
        f"{name}: {says.id} says that it fails under it, and does not"
    ]
    found = list(problems({name: Row(name, true | {other.id: ("clone",)})}, cases))
    assert f"{name}: {other.id} fails under it, and does not say so: clone" in found


def test_a_long_line_of_front_matter_is_wrapped() -> None:
    assert fails_under(["vm-dropped", "fork"]) == "fails_under: [fork, vm-dropped]"
    lines = fails_under(faults()).splitlines()
    assert len(lines) > 1
    assert all(len(line) <= 140 for line in lines)
    assert all(line.startswith("  ") for line in lines[1:])


def test_fork_breaks_what_says_so_and_nothing_else(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    flags = ("--vfork-mode=fork", "--vfork-claim=linux", "--vfork-record=fork.jsonl")
    result = run("--pyargs", "pytest_vfork.conformance", "-n2", *flags)
    assert result.ret == 1, "it fails loudly"
    lines = [json.loads(line) for line in (pytester.path / "fork.jsonl").read_text().splitlines()]
    verdicts = [line for line in lines if line["kind"] == "verdict"]
    outcomes = {(line["id"], line["call"], line["variant"]): line["outcome"] for line in verdicts}
    says = {case.id: "fork" in case.fails_under for case in suite.cases()}
    says |= {workload.id: "fork" in workload.fails_under for workload in suite.workloads()}
    judged = {item: outcome for item, outcome in outcomes.items() if outcome not in UNSEEN}
    assert len(judged) > 1000
    wrong = {item: outcome for item, outcome in judged.items() if outcome != ("fail" if says[item[0]] else "pass")}
    assert wrong == {}


def test_levels_say_what_a_plain_fork_keeps() -> None:
    for item in (*suite.cases(), *suite.workloads()):
        if item.level.word == "posix":
            assert "fork" not in item.fails_under, f"{item.id}: a plain fork keeps level posix"
