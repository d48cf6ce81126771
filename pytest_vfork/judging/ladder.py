# SPDX-License-Identifier: MIT
"""The ladder: how many items of each level held, and what level a run may claim: one, only if it saw everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..model import Level, Outcome
from ..model.result import Result, Results


@dataclass(frozen=True)
class Rung:
    """One level of the ladder: how many items were judged, how many of them held, and what became of the others.

    An item that is a known deviation neither held nor failed. One that is unsupported here was not judged.
    """

    level: Level
    total: int
    held: int
    first_failed: Result | None
    known: tuple[Result, ...]
    unsupported: int = 0
    did_not_run: int = 0


@dataclass(frozen=True)
class Ladder:
    """All levels of a run in which `ran` items came to a result; `missing` as in Results."""

    rungs: tuple[Rung, ...]
    ran: int
    missing: Mapping[str, Sequence[Level]]

    @property
    def whole(self) -> int:
        """How many items there are."""
        return self.ran + sum(map(len, self.missing.values()))

    @property
    def is_complete(self) -> bool:
        """Whether every item came to a result: nothing else may claim a level."""
        return self.ran == self.whole

    @property
    def why_incomplete(self) -> str:
        """Say how many items ran, and why the others did not; empty if all did."""
        if self.is_complete:
            return ""
        reasons = ", ".join(f"{len(levels)} {reason}" for reason, levels in self.missing.items() if levels)
        return f"{self.ran} of {self.whole} items ran ({reasons})"

    @property
    def reached(self) -> Level | None:
        """The highest level at which everything at and below it holds; None if not even the first, or not known."""
        return self._highest(excused=False)

    @property
    def reached_but_for_known(self) -> Level | None:
        """The same, if known deviations are excused."""
        return self._highest(excused=True)

    def _highest(self, *, excused: bool) -> Level | None:
        highest = None
        for rung in self.rungs if self.is_complete else ():
            # a level that nothing tested is not reached
            if rung.total == 0 or rung.first_failed or (rung.known and not excused):
                break
            highest = rung.level
        return highest


def ladder(results: Sequence[Result]) -> Ladder:
    """Return the ladder of a run. A broken item counts as one that did not hold."""
    ordered = sorted(results, key=lambda result: result.name)
    missing = results.missing if isinstance(results, Results) else {}
    lost = [level for levels in missing.values() for level in levels]
    return Ladder(tuple(_rung(level, ordered, lost.count(level)) for level in Level), len(ordered), missing)


def _rung(level: Level, results: Sequence[Result], did_not_run: int) -> Rung:
    here = [result for result in results if result.level is level]
    judged = [result for result in here if result.verdict.outcome is not Outcome.UNSUPPORTED]
    held = [result for result in judged if result.verdict.outcome in (Outcome.PASS, Outcome.XPASS)]
    known = tuple(result for result in judged if result.verdict.outcome is Outcome.XFAIL)
    failed = [result for result in judged if result.verdict.outcome in (Outcome.FAIL, Outcome.BROKEN)]
    return Rung(
        level, len(judged), len(held), failed[0] if failed else None, known, len(here) - len(judged), did_not_run
    )
