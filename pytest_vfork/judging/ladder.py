# SPDX-License-Identifier: MIT
"""The ladder: how many items of each level held, and which level a run reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..model import Level, Outcome
from ..model.result import Result


@dataclass(frozen=True)
class Rung:
    """One level of the ladder: how many items it has, how many held, which failed first, and the known deviations.

    An item that is a known deviation neither held nor failed.
    """

    level: Level
    total: int
    held: int
    first_failed: Result | None
    known: tuple[Result, ...]


def ladder(results: Iterable[Result]) -> tuple[Rung, ...]:
    """Return a rung for each level. Unsupported items do not count; a broken one counts as one that did not hold."""
    counted = sorted((r for r in results if r.verdict.outcome is not Outcome.UNSUPPORTED), key=lambda r: r.name)
    rungs = []
    for level in Level:
        here = [result for result in counted if result.level is level]
        held = [result for result in here if result.verdict.outcome in (Outcome.PASS, Outcome.XPASS)]
        known = tuple(result for result in here if result.verdict.outcome is Outcome.XFAIL)
        failed = [result for result in here if result.verdict.outcome in (Outcome.FAIL, Outcome.BROKEN)]
        rungs.append(Rung(level, len(here), len(held), failed[0] if failed else None, known))
    return tuple(rungs)


def reached(rungs: Iterable[Rung], *, but_for_known: bool = False) -> Level | None:
    """Return the highest level at which everything at and below holds; None if not even the first.

    With `but_for_known`, known deviations are passed over. A level that nothing tested is not reached.
    """
    highest = None
    for rung in rungs:
        if rung.total == 0 or rung.first_failed or (rung.known and not but_for_known):
            break
        highest = rung.level
    return highest
