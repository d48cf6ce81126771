# SPDX-License-Identifier: MIT
"""Happens-before over events: the only place where order is decided.

Each event was one write(2) to a file opened O_APPEND, so the file's order is the order of happening (design, "Rules
for evidence").
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model import Event
from ..model.rules import Order


def broken_pair(events: Sequence[Event], rule: Order) -> tuple[Event | None, Event | None] | None:
    """Return the two events that break `rule`, or None when it holds.

    An event that never came is None in the pair. With `by value`, only events with the same value are held against
    each other, and each value that one side has must be there on the other.
    """
    firsts = [event for event in events if event.name == rule.first]
    thens = [event for event in events if event.name == rule.then]
    if not rule.by_value:
        return _broken(firsts, thens)
    if not firsts and not thens:
        return (None, None)
    values = sorted({event.value for event in firsts + thens})
    pairs = (
        _broken([e for e in firsts if e.value == value], [e for e in thens if e.value == value]) for value in values
    )
    return next((pair for pair in pairs if pair), None)


def _broken(firsts: Sequence[Event], thens: Sequence[Event]) -> tuple[Event | None, Event | None] | None:
    if not firsts or not thens:
        return (firsts[0] if firsts else None, thens[0] if thens else None)
    last, earliest = firsts[-1], thens[0]
    return None if last.seq < earliest.seq else (last, earliest)
