# SPDX-License-Identifier: MIT
"""Reads the KTAP of exported programs, from files or from a console's log, and judges it again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..model import Case, Observation, Outcome, Verdict, item_name
from ..model.result import Result
from .events import parse_events
from .verdict import judge_case

# Before it, a console may put a level of the kernel's log and a time: <6>[    1.234567]
_PREFIX = r"(?:<\d>)?(?:\[ *[\d.]+\] ?)? *"
_LINE = re.compile(
    rf"{_PREFIX}(?P<not>not )?ok \d+ (?:- )?(?P<item>[a-z]+/[^ #]+)"
    r"(?: # (?P<word>SKIP|ERROR|TIMEOUT)(?: (?P<why>.*))?)?"
)
_FACT = re.compile(rf"{_PREFIX}# (?P<key>broke|expected|seen|status|left|event|said): (?P<text>.*)")
_PLAN = re.compile(rf"{_PREFIX}1\.\.(?P<count>\d{{1,6}})(?: #.*)?")
_VERDICT = re.compile(rf"{_PREFIX}(?:not )?ok \d+\b.*")
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Told:
    """What one exported program said: its facts, and its own verdict on them.

    `is_whole` says whether the facts are there, so that it can be judged again (VFORK_TELL=all, or it was not ok).
    """

    item: str
    verdict: Verdict
    seen: Observation
    is_whole: bool


@dataclass
class _Facts:
    events: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    one: dict[str, str] = field(default_factory=dict)


def read(text: str) -> Iterator[Told]:
    """Return what each program said, in the order in which they did; what is not KTAP is passed over."""
    facts = _Facts()
    for line in _lines(text):
        fact = _FACT.fullmatch(line)
        if fact and fact["key"] == "event":
            facts.events.append(fact["text"])
        elif fact and fact["key"] == "said":
            facts.said.append(fact["text"])
        elif fact:
            facts.one[fact["key"]] = fact["text"]
        elif line.startswith("KTAP version"):
            facts = _Facts()
        else:
            match = _LINE.fullmatch(line)
            if match:
                yield _told(match, facts)
                facts = _Facts()


def planned(text: str) -> int:
    """Return how many verdicts were announced (`1..N`); less of them is a text that was cut off.

    A plan is ours if what comes next is a verdict of ours, or the end: on a console others write KTAP, too (KUnit).
    """
    count = pending = 0
    for line in _lines(text):
        if plan := _PLAN.fullmatch(line):
            pending = int(plan["count"])
        elif pending and _VERDICT.fullmatch(line):
            count += pending if _LINE.fullmatch(line) else 0
            pending = 0
    return count + pending


def _lines(text: str) -> Iterator[str]:
    return (_ESCAPE.sub("", raw).rstrip("\r") for raw in text.splitlines())


def _told(match: re.Match[str], facts: _Facts) -> Told:
    one = facts.one
    outcome = {"SKIP": Outcome.UNSUPPORTED, "ERROR": Outcome.BROKEN}.get(
        match["word"] or "", Outcome.FAIL if match["not"] else Outcome.PASS
    )
    why = match["why"] or one.get("broke", "")
    status = one.get("status", "none")
    seen = Observation(
        events=parse_events("\n".join(facts.events)),
        status=int(status) if re.fullmatch(r"\d{1,10}", status) else None,
        stdout="",
        stderr="\n".join(facts.said),
        elapsed_s=0.0,
        left_behind=tuple(filter(None, one.get("left", "").split(", "))),
    )
    verdict = Verdict(outcome, why, one.get("expected", ""), one.get("seen", ""))
    return Told(match["item"], verdict, seen, "status" in one)


def judge(told: Told, items: Mapping[str, tuple[Case, str, str]]) -> Result:
    """Judge what a program said by the rules of its case, as they are here; raise KeyError if there is no such item.

    A program that did not say what it saw has its own verdict; so has one that says that it is broken, or lacks
    something. It is broken if it says `not ok` of facts that hold.
    """
    case, call, variant = items[told.item]
    verdict = told.verdict
    if told.is_whole and verdict.outcome in (Outcome.PASS, Outcome.FAIL):
        verdict = judge_case(case, told.seen)
        if (told.verdict.outcome, verdict.outcome) == (Outcome.FAIL, Outcome.PASS):
            verdict = Verdict(Outcome.BROKEN, "the program says not ok, and by the facts that it tells it holds")
    if verdict.outcome is Outcome.PASS and not verdict.why:
        verdict = Verdict(Outcome.PASS, case.must)
    seen = told.seen if told.is_whole else None
    return Result(case.id, call, case.level, case.spec, case.must, "", seen, verdict, "", variant)


def items(cases: Iterable[Case]) -> dict[str, tuple[Case, str, str]]:
    """Return every item of the suite by its name."""
    return {item_name(case.id, *item): (case, *item) for case in cases for item in case.items}
