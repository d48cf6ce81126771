# SPDX-License-Identifier: MIT
"""Records → what the page holds: plain lists, each text once, each fact of a case once. items.js has the same shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ... import __version__
from ...model import AREAS, CALLS, Level, Outcome, describe_status
from ...model.names import sentence
from ...records import About, Item, Record, suite
from ...records.compare import Change, compare
from ...records.level import Standing, standing, suite_size
from ...records.linux import read, shipped, timeline_of, write
from ...records.timeline import Timeline
from ...templates.spec import read_spec

OUTCOMES = [outcome.value for outcome in Outcome]
_NUMBERS = {outcome: number for number, outcome in enumerate(Outcome)}


class _Texts:
    """Each text once; 0 is the empty one."""

    def __init__(self) -> None:
        self.all: dict[str, int] = {"": 0}

    def __call__(self, text: str) -> int:
        return self.all.setdefault(text, len(self.all))


def collect(records: Sequence[Record]) -> tuple[Mapping[str, Any], Sequence[str]]:
    """Return the data of the page, and the sources apart, by the numbers that items have of them."""
    texts, sources, lines = _Texts(), _Texts(), _Texts()
    names = list(dict.fromkeys(name for record in records for name in record.items))
    firsts = {name: next(record.items[name] for record in records if name in record.items) for name in names}
    ids = sorted({item.id: item for item in firsts.values()}.values(), key=lambda item: (_place(item), item.id))
    numbers = {item.id: number for number, item in enumerate(ids)}
    kernel, linux = _linux(records)
    items = []
    for name in sorted(names, key=lambda name: (numbers[firsts[name].id], _column(firsts[name]), name)):
        item = firsts[name]
        results = [_result(record, record.items.get(name), texts) for record in records]
        is_odd = any(record.items[name].outcome is not Outcome.PASS for record in records if name in record.items)
        source = next((text for record in records if name in record.items and (text := _source(record, name))), "")
        items.append(
            [
                numbers[item.id], texts(item.call), texts(item.variant), sources(source),
                lines(linux.get(f"{item.id}:{item.call}" if item.call else item.id, "")) if is_odd else 0, *results,
            ]
        )  # fmt: skip
    told = {
        "by": f"pytest-vfork {__version__}",
        "linux": kernel,
        "outcomes": OUTCOMES,
        "levels": [level.word for level in Level],
        "calls": sorted({item.call for item in firsts.values() if item.call}, key=_call_place),
        "runs": [_run(record) for record in records],
        "changes": [_changes(before, after) for before, after in pairwise(records)],
        "cases": [_case(records, item) for item in ids],
        "items": items,
        "lines": [_drawn(read(line), texts) if line else 0 for line in lines.all],
        "texts": list(texts.all),
    }
    return told, list(sources.all)


def _place(item: Item) -> tuple[int, int, str]:
    """Cases first, in the order of the areas; workloads after them."""
    area = AREAS.index(item.area) if item.area in AREAS else len(AREAS)
    return (0 if item.call else 1, area, item.area)


def _column(item: Item) -> tuple[str, int]:
    return item.variant, _call_place(item.call)


def _call_place(call: str) -> int:
    return CALLS.index(call) if call in CALLS else len(CALLS)


def _linux(records: Iterable[Record]) -> tuple[str, Mapping[str, str]]:
    """Return what Linux shows: in a native record among those given, else in the one that is shipped."""
    for record in records:
        if record.run.get("mode") == "native" and record.run.get("interposer") == "shim":
            drawn = {
                name: timeline_of(record, item)
                for name, item in record.items.items()
                if item.outcome is Outcome.PASS and not item.variant
            }
            lines = {name: write(one) for name, one in drawn.items() if one and not one.left_out}
            return f"Linux {record.run.get('kernel', '')}", lines
    return shipped()


def _source(record: Record, name: str) -> str:
    return suite.source(record, record.items[name])


def _run(record: Record) -> dict[str, Any]:
    run = record.run
    seen = standing(record)
    keys = (
        "interposer", "interposer_version", "mode", "fault", "command", "site", "kernel", "libc", "machine", "started",
        "pytest_vfork", "python", "claim", "deadline_s", "seed",
    )  # fmt: skip
    return {
        "label": record.label,
        "facts": [[key, str(run[key])] for key in keys if run.get(key) not in (None, "")],
        "total": len(record.items),
        "suite": suite_size(record) or 0,
        "problems": list(record.problems),
        "again": suite.again_any(record),
        **_standing(seen),
    }


def _standing(seen: Standing) -> dict[str, Any]:
    return {
        "sentence": seen.sentence,
        "why_none": seen.why_none,
        "level": seen.level.word if seen.level is not None else "",
        "strictly": seen.strictly.word if seen.strictly is not None else "",
        "outcomes": [seen.outcomes[outcome] for outcome in Outcome],
        "steps": [
            [
                step.level.word,
                step.counted,
                step.held,
                [step.outcomes[outcome] for outcome in Outcome],
                step.first_failed,
            ]
            for step in seen.steps
        ],
    }


def _changes(before: Record, after: Record) -> dict[str, int]:
    found = [pair.change for pair in compare(before, after)]
    return {change.value: found.count(change) for change in Change}


def _case(records: Sequence[Record], item: Item) -> list[Any]:
    about = next((told for record in records if (told := suite.about(record, item.id)) and told.do), About())
    try:
        spec = [[promise.source, promise.sentence] for promise in read_spec(item.spec)]
    except ValueError:
        spec = [["", item.spec]] if item.spec else []
    rules, fails = list(about.rules), list(about.fails_under)
    return [item.id, sentence(item.id), int(item.level), spec, about.do, item.must, rules, fails, int(not item.call)]


def _result(record: Record, item: Item | None, texts: _Texts) -> list[Any] | int:
    if item is None:
        return 0
    verdict = item.verdict
    shown: list[Any] = [
        _NUMBERS[item.outcome],
        texts(verdict.why),
        texts(verdict.expected),
        texts(verdict.seen),
        texts(item.link),
    ]
    shown.append(_facts(record, item, texts) if item.seen else 0)
    if item.at:
        shown.append(texts(item.at))
    return shown


def _facts(record: Record, item: Item, texts: _Texts) -> list[Any]:
    seen = item.seen
    assert seen is not None
    status = "the deadline passed" if seen.status is None else describe_status(seen.status)
    drawn = timeline_of(record, item)
    spawns = [texts(f"{s.word} pid={s.pid} child={s.child} flags={s.flags:#x} {s.exe}") for s in seen.spawns]
    return [
        _drawn(drawn, texts) if drawn else 0,
        texts(status),
        round(seen.elapsed_s, 3),
        [texts(str(thread)) for thread in seen.where] or 0,
        [*map(texts, seen.left_behind)] or 0,
        spawns or 0,
        texts(seen.stdout),
        texts(seen.stderr),
    ]


def _drawn(drawn: Timeline, texts: _Texts) -> list[Any]:
    lanes = [[texts(lane.label), lane.pid, lane.tid] for lane in drawn.lanes]
    marks = [texts(row.mark) for row in drawn.rows]
    rows = [
        [row.lane, row.writer, texts(row.name), row.value, texts(row.means), mark, row.to]
        for row, mark in zip(drawn.rows, marks, strict=True)
    ]
    spans = [[span.lane, span.start, span.end] for span in drawn.spans]
    shown: list[Any] = [lanes, rows, spans]
    if drawn.broken or drawn.cited or drawn.left_out:
        shown += [list(drawn.broken) if drawn.broken else 0, list(drawn.cited), drawn.left_out, drawn.left_out_after]
    return shown
