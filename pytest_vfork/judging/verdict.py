# SPDX-License-Identifier: MIT
"""Judge: events + case → Verdict. Pure: a run can be judged again from its record."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..model import Case, Event, Observation, Outcome, Verdict, Workload, census, describe_status
from ..model.rules import Expect, Field, Order, Rule
from .order import broken_pair

# The generated program's own failures (c_tests/_lib/case.c.j2): it could not open a pipe, write an event, ...
_OWN_FAILURES = range(91, 99)
_THREADS_CITED = 8


def judge_case(case: Case, seen: Observation) -> Verdict:
    """Judge one run of a case by its rules; the first rule that broke gives the verdict."""
    for event in seen.events:
        what, _, why = event.name.partition(": ")
        if what in ("broken", "unsupported"):
            return Verdict(Outcome(what), f"{why} ({os.strerror(event.value)})" if event.value else why)
    if seen.status is None:
        return _too_slow(seen) or Verdict(
            Outcome.FAIL,
            "the program did not end within the deadline",
            _first_unmet(case.rules, seen.events),
            _still_running(seen),
        )
    for rule in case.rules:
        verdict = _check(rule, seen.events)
        if verdict:
            return verdict
    return _check_end(seen) or Verdict(Outcome.PASS, case.must)


def judge_workload(workload: Workload, seen: Observation) -> Verdict:
    """Judge one run of a workload: its end, its output, and whether it took the path that it is there for."""
    if seen.status is None:
        why = "the program did not end within the deadline"
        return _too_slow(seen) or Verdict(Outcome.FAIL, why, "exited(0)", _still_running(seen))
    if seen.stdout != workload.stdout:
        why = "its output is not what it is on Linux"
        return Verdict(Outcome.FAIL, why, repr(workload.stdout), repr(seen.stdout))
    ending = _check_end(seen)
    if ending:
        return ending
    if seen.unseen:
        why = f"it did what it must, but nothing here can see the calls that it made: {seen.unseen}"
        return Verdict(Outcome.UNSUPPORTED, why)
    return _check_path(workload, census.tally(seen.spawns)) or Verdict(Outcome.PASS, workload.must)


def _too_slow(seen: Observation) -> Verdict | None:
    """Tell a program that the machine kept from running from one that hangs.

    Most of the time it wanted a CPU, and it had one for less than a fifth of what it wanted. One that waits for what
    does not come wants none, and one that loops takes what there is.
    """
    if seen.runnable_s <= seen.elapsed_s / 2 or seen.cpu_s > seen.runnable_s / 4:
        return None
    had = f"{seen.cpu_s * 1000:.0f} ms of CPU in {seen.elapsed_s:.0f} s, and waited {seen.runnable_s:.0f} s for more"
    return Verdict(Outcome.BROKEN, f"the machine was too slow: it had {had}", "exited(0)", _still_running(seen))


def _still_running(seen: Observation) -> str:
    """Cite who was where: of each thread its state and what it slept in, of a process that shares memory with whom."""
    said = [
        f"{thread.tid} {thread.state} in {thread.wchan}" + (" (memory of its parent)" if "vm" in thread.shares else "")
        for thread in seen.where[:_THREADS_CITED]
    ]
    return "still running" + (f": {', '.join(said)}" if said else "")


def _check_end(seen: Observation) -> Verdict | None:
    """What must be true at the end of every run: the program ended well, and nothing that it started lives on."""
    assert seen.status is not None
    if os.WIFEXITED(seen.status) and os.WEXITSTATUS(seen.status) in _OWN_FAILURES:
        return Verdict(Outcome.BROKEN, "the test program itself failed", "exited(0)", describe_status(seen.status))
    if seen.status != 0:
        return Verdict(Outcome.FAIL, "the program did not end well", "exited(0)", describe_status(seen.status))
    if seen.left_behind:
        return Verdict(Outcome.FAIL, "it left a process behind", "none", ", ".join(seen.left_behind))
    return None


def _check_path(workload: Workload, made: Sequence[census.Row]) -> Verdict | None:
    """A workload that takes another path than the one it is there for shows nothing."""
    for text, least in workload.seen.items():
        if census.Pattern.parse(text).count(made) < least:
            why = "it did not take the path that it is there for"
            return Verdict(Outcome.BROKEN, why, f"{text} x {least} or more", census.summary(made))
    for text in workload.never_seen:
        if census.Pattern.parse(text).count(made):
            why = "it took a path that it must be seen not to take"
            return Verdict(Outcome.BROKEN, why, f"never {text}", census.summary(made))
    return None


def _check(rule: Rule, events: Sequence[Event]) -> Verdict | None:
    if isinstance(rule, Order):
        pair = broken_pair(events, rule)
        if pair is None:
            return None
        missing = [name for name, event in zip((rule.first, rule.then), pair, strict=True) if event is None]
        seen = f"{' and '.join(missing)} never came" if missing else f"{rule.then} came first"
        return Verdict(Outcome.FAIL, f"{rule.text} does not hold", rule.text, seen)
    if isinstance(rule, Expect):
        return _check_expect(rule, events)
    came = [event for event in events if event.name == rule.name]
    return Verdict(Outcome.FAIL, f"{rule.name} came", rule.text, str(came[0]).strip()) if came else None


def _check_expect(rule: Expect, events: Sequence[Event]) -> Verdict | None:
    left = _values(rule.left, events)
    right = _values(rule.right, events) if isinstance(rule.right, Field) else [rule.right]
    holds = bool(left and right) and all((a == b) is (rule.relation == "==") for a in left for b in right)
    if holds:
        return None
    seen = f"{_say(rule.left, left)}" + (f", {_say(rule.right, right)}" if isinstance(rule.right, Field) else "")
    if "(" in rule.text and left and rule.left.field == "value":
        seen += f" ({', '.join(describe_status(value) for value in left)})"
    return Verdict(Outcome.FAIL, f"{rule.text} does not hold", rule.text, seen)


def _values(field: Field, events: Sequence[Event]) -> list[int]:
    came = [event for event in events if event.name == field.name]
    return [len(came)] if field.field == "count" else [getattr(event, field.field) for event in came]


def _say(field: Field, values: Sequence[int]) -> str:
    name = f"count({field.name})" if field.field == "count" else field.name
    name += f".{field.field}" if field.field in ("pid", "tid") else ""
    return f"{name} = {', '.join(map(str, values))}" if values else f"{field.name} never came"


def _first_unmet(rules: Sequence[Rule], events: Sequence[Event]) -> str:
    return next((rule.text for rule in rules if _check(rule, events)), "exited(0)")
