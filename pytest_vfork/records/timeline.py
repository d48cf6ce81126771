# SPDX-License-Identifier: MIT
"""Events → what is drawn of them: lanes, rows, the span in which a parent was in the call, the order that broke.

The page draws it as SVG and the terminal as text; both draw what is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..judging.order import broken_pair
from ..model import Event, Verdict, describe_status
from ..model.rules import Expect, Rule
from ..templates.rules import parse_expect, parse_order

ROWS_MOST, LANES_MOST = 60, 7
_STATUS_NAMES = ("ended", "reaped")
# What an event is drawn as, by the words of its name; the first that fits.
_MARKS = (
    ("return", re.compile(r"\.returned$")),
    ("silence", re.compile(r"\.saw-silence$")),
    ("life", re.compile(r"\.saw-life$")),
    ("release", re.compile(r"\.(releases|continues|lets-go|detached)$")),
    ("end", re.compile(r"\.(ended|reaped|exits|ends|waited)$")),
    ("signal", re.compile(r"\.(.*signals?|kills|handles|.*sigchld.*|stops|handled)$")),
)


@dataclass(frozen=True)
class Lane:
    """A task: its role, numbered where there are several of it; pid and tid are 0 if it wrote nothing itself."""

    label: str
    pid: int
    tid: int


@dataclass(frozen=True)
class Row:
    """One event: the lane that it is drawn on, and the lane of the task that wrote it.

    `means` is its value in words ("" if there are none), `to` the lane that the value names, or -1.
    """

    lane: int
    writer: int
    name: str
    value: int
    means: str
    mark: str
    to: int


@dataclass(frozen=True)
class Span:
    """A lane is silent in the call between two rows; -1 is above the first, `end` may be one beyond the last."""

    lane: int
    start: int
    end: int


@dataclass(frozen=True)
class Timeline:
    """What is drawn of one run.

    `left_out` events are missing after row `left_out_after`. `broken` are the rows of "A < B": A, that came too late or
    never (None), and B. `cited` are rows of the events that a broken rule speaks of.
    """

    lanes: tuple[Lane, ...]
    rows: tuple[Row, ...]
    spans: tuple[Span, ...]
    broken: tuple[int | None, int | None] | None = None
    cited: tuple[int, ...] = ()
    left_out: int = 0
    left_out_after: int = -1


def timeline(events: Sequence[Event], verdict: Verdict | None = None, rules: Iterable[Rule] = ()) -> Timeline:
    """Lay the events of a run out; the rules of its case say what values mean, the verdict which order broke."""
    half = ROWS_MOST // 2
    cut = [*events[:half], *events[-half:]] if len(events) > ROWS_MOST else list(events)
    lanes, at = _lanes(cut)
    told = _words(rules)
    rows = tuple(_row(event, lanes, at, told) for event in cut)
    broken, cited = _broken(cut, verdict)
    left_out = len(events) - len(cut)
    return Timeline(lanes, rows, _spans(lanes, rows), broken, cited, left_out, half - 1 if left_out else -1)


def _key(event: Event) -> tuple[int, bool]:
    return event.tid, event.name.startswith("image.")


def _lanes(events: Sequence[Event]) -> tuple[tuple[Lane, ...], dict[tuple[int, bool], int]]:
    """One lane for each task, and one more for what it executes; those beyond the most share the last."""
    roles: dict[tuple[int, bool], tuple[str, int]] = {}
    for event in events:
        role = event.name.partition(".")[0]
        key = _key(event)
        if key not in roles or (roles[key][0] == "referee" and not is_told(event.name)):
            roles[key] = ("referee" if is_told(event.name) else role, event.pid)
    order = {"referee": 0, "parent": 1, "thread": 2, "child": 3, "grandchild": 4, "image": 5}
    keys = sorted(roles, key=lambda key: order.get(roles[key][0], 3))
    lanes: list[Lane] = []
    at: dict[tuple[int, bool], int] = {}
    for key in keys:
        role, pid = roles[key]
        if len(lanes) == LANES_MOST - 1 and len(keys) > LANES_MOST:
            lanes.append(Lane(f"{len(keys) - LANES_MOST + 1} others", 0, 0))
        if len(lanes) < LANES_MOST:
            same = sum(lane.label.partition(" ")[0] == role for lane in lanes)
            lanes.append(Lane(f"{role} {same + 1}" if same else role, pid, key[0]))
        at[key] = len(lanes) - 1
    for role in sorted(
        {_subject(event) for event in events if is_told(event.name)}, key=lambda role: order.get(role, 3)
    ):
        if not any(lane.label == role for lane in lanes) and len(lanes) < LANES_MOST and role in ("parent", "child"):
            place = sum(order.get(lane.label.partition(" ")[0], 3) < order[role] for lane in lanes)
            image = next((lane for lane in lanes if lane.label == "image" and role == "child"), Lane(role, 0, 0))
            lanes.insert(place, Lane(role, image.pid, image.tid))
            at = {key: lane + (lane >= place) for key, lane in at.items()}
    for event in events:  # a child that wrote nothing is there all the same
        known = {number for lane in lanes for number in (lane.pid, lane.tid)}
        silent = event.name.endswith(".returned") and event.value > 1 and event.value not in known
        if silent and len(lanes) < LANES_MOST and not any(lane.label == "child" for lane in lanes):
            lanes.append(Lane("child", event.value, event.value))
    return tuple(lanes), at


def is_told(name: str) -> bool:
    """Whether the referee tells what became of another: that it ended, or what it did under ptrace."""
    return name.endswith(".ended") or name.startswith("traced-")


def _subject(event: Event) -> str:
    return event.name.partition(".")[0].removeprefix("traced-")


def _row(event: Event, lanes: Sequence[Lane], at: dict[tuple[int, bool], int], told: dict[str, set[str]]) -> Row:
    writer = at[_key(event)]
    role, _, what = event.name.partition(".")
    lane = writer
    if is_told(event.name):  # drawn where it happened, on the lane of the one that it tells of
        lane = next((number for number, other in enumerate(lanes) if other.label == _subject(event)), writer)
    mark = next((mark for mark, pattern in _MARKS if pattern.search(event.name)), "event")
    if role == "image" and mark == "event":
        mark = "exec"
    named = [n for n, other in enumerate(lanes) if event.value > 1 and event.value in (other.tid, other.pid)]
    # Child and image are one task: the child is the one that a pid names first.
    to = named[0] if named and mark != "end" and named[0] != lane else -1
    return Row(lane, writer, event.name, event.value, _meaning(event, what, lanes, to, told), mark, to)


def _meaning(event: Event, what: str, lanes: Sequence[Lane], to: int, told: dict[str, set[str]]) -> str:
    texts = told.get(event.name, set())
    if to >= 0:
        return lanes[to].label
    if (what in _STATUS_NAMES or any("(" in text for text in texts)) and _is_status(event.value):
        return describe_status(event.value)
    for text in texts:
        try:
            rule = parse_expect(f"{event.name} == {text}")
        except ValueError:
            continue
        if rule.right == event.value:
            return text
    return ""


def _is_status(value: int) -> bool:
    """Whether a number can be a wait status (bits/waitstatus.h): an exit code, a signal, a stop, or a continuation."""
    low, high = value & 0xFF, value >> 8
    return 0 <= value <= 0xFFFF and (low in (0, 0x7F) or high == 0 or value == 0xFFFF)


def _words(rules: Iterable[Rule]) -> dict[str, set[str]]:
    """For each event the constants that its value is held against, where they are words."""
    told: dict[str, set[str]] = {}
    for rule in rules:
        if isinstance(rule, Expect) and isinstance(rule.right, int) and rule.left.field == "value":
            text = rule.text.rpartition(" ")[2]
            if not text.lstrip("-").isdigit():
                told.setdefault(rule.left.name, set()).add(text)
    return told


def _spans(lanes: Sequence[Lane], rows: Sequence[Row]) -> tuple[Span, ...]:
    """For each call that returned a pid: from the caller's last sign before the child's first, to its next."""
    spans = []
    for number, row in enumerate(rows):
        if row.mark != "return" or row.value <= 0:
            continue
        children = {n for n, lane in enumerate(lanes) if row.value in (lane.pid, lane.tid)} - {row.lane}
        first = next((n for n, other in enumerate(rows) if other.writer in children), number)
        mine = [n for n, other in enumerate(rows) if other.writer == row.writer]
        start = max((n for n in mine if n < min(first, number)), default=-1)
        end = next(n for n in mine if n > start)
        spans.append(Span(row.lane, start, end))
    return tuple(dict.fromkeys(spans))


def _broken(
    events: Sequence[Event], verdict: Verdict | None
) -> tuple[tuple[int | None, int | None] | None, tuple[int, ...]]:
    if verdict is None or not verdict.expected:
        return None, ()
    try:
        order = parse_order(verdict.expected)
    except ValueError:
        names = set(re.findall(r"[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*", verdict.expected)) - {"e.g"}
        return None, tuple(n for n, event in enumerate(events) if event.name in names)
    pair = broken_pair(events, order)
    if pair is None:
        return None, ()
    places = {id(event): number for number, event in enumerate(events)}
    first, then = (places.get(id(event)) if event else None for event in pair)
    return (first, then), tuple(n for n in (first, then) if n is not None)
