# SPDX-License-Identifier: MIT
"""The level that a record shows, and none where it is not the record of a whole run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .. import __version__
from ..model import Level, Outcome
from ..templates import suite
from . import Item, Record

_HELD = (Outcome.PASS, Outcome.XPASS)
_FAILED = (Outcome.FAIL, Outcome.BROKEN)


@dataclass(frozen=True)
class Step:
    """One level: how many items of each outcome, and the first item that failed ("" if none did)."""

    level: Level
    outcomes: Counter[Outcome]
    first_failed: str

    @property
    def counted(self) -> int:
        """How many items count: an unsupported one says nothing."""
        return sum(self.outcomes.values()) - self.outcomes[Outcome.UNSUPPORTED]

    @property
    def held(self) -> int:
        """How many held."""
        return sum(self.outcomes[outcome] for outcome in _HELD)


@dataclass(frozen=True)
class Standing:
    """What a record shows. `why_none` says why it shows no level at all; else `strictly` is what holds without excuse.

    `level` passes over known deviations; None is below the first level.
    """

    steps: tuple[Step, ...]
    level: Level | None
    strictly: Level | None
    why_none: str

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many items of each outcome."""
        return sum((step.outcomes for step in self.steps), Counter())

    @property
    def sentence(self) -> str:
        """Say it in a line: linux; linux, but for 79 known deviations; none; no level: 3 of 1237 items ran."""
        if self.why_none:
            return f"no level: {self.why_none}"
        if self.level is None:
            return "none"
        if self.level is self.strictly:
            return self.level.word
        known = sum(step.outcomes[Outcome.XFAIL] for step in self.steps if step.level <= self.level)
        return f"{self.level.word}, but for {known} known deviation{'s' if known > 1 else ''}"


def standing(record: Record) -> Standing:
    """Return the steps of the ladder, and the level if the record is that of a whole run."""
    steps = tuple(_step(level, record.items.values()) for level in Level)
    why_none = why_not_whole(record)
    if why_none:
        return Standing(steps, None, None, why_none)
    return Standing(steps, _reached(steps, but_for_known=True), _reached(steps, but_for_known=False), "")


def why_not_whole(record: Record) -> str:
    """Say why this is not the record of a whole run of the suite; "" if it is."""
    if record.complete is False:
        return record.why or "the run was not complete"
    if not record.has_end:
        return f"the record was cut off after {len(record.items)} items"
    if record.problems:
        return "the record is damaged"
    total = suite_size(record)
    if total is not None and len(record.items) < total:
        return f"{len(record.items)} of {total} items ran"
    is_told = record.complete or total is not None
    return "" if is_told else "the record does not say whether the run was whole"


def suite_size(record: Record) -> int | None:
    """How many items a whole run has, by the suite that is installed; None if the record is another version's."""
    if record.run.get("pytest_vfork") != __version__:
        return None
    return sum(len(case.items) for case in suite.cases()) + len(suite.workloads())


def _step(level: Level, items: Iterable[Item]) -> Step:
    here = sorted((item for item in items if item.level is level), key=lambda item: item.name)
    failed = [item.name for item in here if item.outcome in _FAILED]
    return Step(level, Counter(item.outcome for item in here), failed[0] if failed else "")


def _reached(steps: Iterable[Step], *, but_for_known: bool) -> Level | None:
    highest = None
    for step in steps:
        known = step.outcomes[Outcome.XFAIL]
        if step.counted == 0 or step.first_failed or (known and not but_for_known):
            break
        highest = step.level
    return highest
