# SPDX-License-Identifier: MIT
"""A case that has never failed proves nothing: mode fork fails those items that say so, and no other."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pytest_vfork import resources

LEAST_CASES_THAT_CAN_FAIL = 15


def test_fork_breaks_what_says_so_and_nothing_else(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    suite = str(resources.folder("conformance"))
    result = run(suite, "-n2", "--vfork-mode=fork", "--vfork-claim=linux", "--vfork-record=fork.jsonl")
    assert result.ret == 1, "it fails loudly"
    lines = [json.loads(line) for line in (pytester.path / "fork.jsonl").read_text().splitlines()]
    verdicts = [line for line in lines if line["kind"] == "verdict"]
    outcomes = {(line["id"], line["call"], line["variant"]): line["outcome"] for line in verdicts}
    says = {case.id: "fork" in case.fails_under for case in resources.cases()}
    says |= {workload.id: "fork" in workload.fails_under for workload in resources.workloads()}
    foreseen = {
        item: "fail" if says[item[0]] else "pass" for item, outcome in outcomes.items() if outcome != "unsupported"
    }
    assert {item: outcomes[item] for item in foreseen} == foreseen
    assert len({id for (id, _, _), outcome in outcomes.items() if outcome == "fail"}) >= LEAST_CASES_THAT_CAN_FAIL


def test_levels_say_what_a_plain_fork_keeps() -> None:
    for item in (*resources.cases(), *resources.workloads()):
        if item.level.word == "posix":
            assert "fork" not in item.fails_under, f"{item.id}: a plain fork keeps level posix"
