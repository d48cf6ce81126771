# SPDX-License-Identifier: MIT
"""What changed from one record to another, item by item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ..model import Outcome
from . import Item, Record


class Change(str, Enum):
    """What became of an item: worse and lost are regressions."""

    WORSE = "worse"
    LOST = "lost"
    BETTER = "better"
    GAINED = "gained"
    SAME = "same"


REGRESSIONS = (Change.WORSE, Change.LOST)
# From good to bad. A stale expectation means that the promise holds; broken says nothing, and that is worse than a no.
_RANK = {Outcome.PASS: 0, Outcome.XPASS: 0, Outcome.XFAIL: 1, Outcome.FAIL: 2, Outcome.BROKEN: 3}


@dataclass(frozen=True)
class Pair:
    """One item in both records; None where it did not run."""

    name: str
    before: Item | None
    after: Item | None
    change: Change


def change(before: Outcome | None, after: Outcome | None) -> Change:
    """Say what became of an item; None and unsupported mean that it did not run."""
    was, now = (None if outcome is None else _RANK.get(outcome) for outcome in (before, after))
    if was is None:
        return Change.SAME if now is None else Change.WORSE if now >= _RANK[Outcome.FAIL] else Change.GAINED
    if now is None:
        return Change.LOST
    return Change.SAME if was == now else Change.WORSE if now > was else Change.BETTER


def compare(before: Record, after: Record) -> Iterator[Pair]:
    """Pair the items of two records, in the order of their names."""
    for name in sorted({*before.items, *after.items}):
        a, b = before.items.get(name), after.items.get(name)
        yield Pair(name, a, b, change(a.outcome if a else None, b.outcome if b else None))
