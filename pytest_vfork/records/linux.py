# SPDX-License-Identifier: MIT
"""What Linux shows: the timeline of each item in a native run, shipped as conformance/linux.json.

A timeline is a line of words, `event` or `event=meaning`, in the order of happening, with `lane|` before it where that
is not the role of the event; made anew by `python -m pytest_vfork.records.linux NATIVE.jsonl`.
"""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..model import Event, Outcome
from ..templates.places import folder
from . import Item, Record
from .read import read_record
from .suite import about, rules
from .timeline import Lane, Timeline, is_told, timeline

SCHEMA = 1
FILE = "linux.json"
_WORD = re.compile(r"(?:(?P<lane>[^|=]+)\|)?(?P<name>[^=|]+)(?:=(?P<means>.*))?")
_TASKS = re.compile(r"(referee|parent|child|image|thread|grandchild|sibling|orphan)(-\d+)?")


def timeline_of(record: Record, item: Item) -> Timeline | None:
    """Lay out what an item showed; None if it wrote no events."""
    if item.seen is None or not item.seen.events:
        return None
    return timeline(item.seen.events, item.verdict, rules(about(record, item.id)))


def write(drawn: Timeline) -> str:
    """Return a timeline as a line of words."""
    words = []
    for row in drawn.rows:
        lane = drawn.lanes[row.lane].label.replace(" ", "-")
        means = row.means.replace(" ", "-") or (str(row.value) if 0 < abs(row.value) < 1000 else "")
        where = "" if lane == row.name.partition(".")[0] else f"{lane}|"
        words.append(f"{where}{row.name}{f'={means}' if means else ''}")
    return " ".join(words)


def read(line: str) -> Timeline:
    """Lay out such a line; its tasks have no numbers."""
    words = [_WORD.fullmatch(word) for word in line.split()]
    told = [(w["lane"] or w["name"].partition(".")[0], w["name"], w["means"] or "") for w in words if w]
    labels = dict.fromkeys([lane for lane, _, _ in told] + [means for _, _, means in told if _TASKS.fullmatch(means)])
    # child and image are one task, made and executed
    tids = {label: 10 + number for number, label in enumerate(labels)}
    tids |= {label: tids[label.replace("image", "child")] for label in tids if label.replace("image", "child") in tids}
    referee = tids.get("referee", 9)
    events = [
        Event(n, name, 0, referee if is_told(name) else tids[lane], tids.get(means, 0))
        for n, (lane, name, means) in enumerate(told)
    ]
    drawn = timeline(events)
    rows = tuple(
        replace(row, value=0, means=row.means if means in tids else _spaced(means))
        for row, (_, _, means) in zip(drawn.rows, told, strict=True)
    )
    return replace(drawn, lanes=tuple(Lane(lane.label, 0, 0) for lane in drawn.lanes), rows=rows)


def _spaced(means: str) -> str:
    """Give a meaning its spaces back; a negated name has none."""
    return means if means.startswith("-") else means.replace("-", " ")


@functools.cache
def shipped() -> tuple[str, Mapping[str, str]]:
    """Return which kernel the shipped timelines are of, and the timeline of each item by its name."""
    path = folder("conformance") / FILE
    if not path.is_file():
        return "", {}
    told = json.loads(path.read_text("utf-8"))
    lines = {
        f"{id}:{call}" if call else id: line
        for id, groups in told["cases"].items()
        for calls, line in groups
        for call in calls
    }
    return told["kernel"], lines


def distil(record: Record) -> str:
    """Return the text of linux.json for a native record."""
    cases: dict[str, dict[str, list[str]]] = {}
    for item in sorted(record.items.values(), key=lambda item: item.name):
        drawn = timeline_of(record, item)
        if drawn and item.outcome is Outcome.PASS and not item.variant and not drawn.left_out:
            cases.setdefault(item.id, {}).setdefault(write(drawn), []).append(item.call)
    lines = [
        f"{json.dumps(id)}: {json.dumps([[calls, line] for line, calls in groups.items()])}"
        for id, groups in cases.items()
    ]
    kernel = str(record.run.get("kernel")).partition("-")[0]
    head = {"schema": SCHEMA, "kernel": f"Linux {kernel}, {record.run.get('libc')}"}
    return json.dumps(head)[:-1] + ', "cases": {\n' + ",\n".join(lines) + "\n}}\n"


def main(argv: Sequence[str]) -> int:
    """Write linux.json from a native record."""
    record = read_record(Path(argv[0]))
    if record.run.get("mode") != "native":
        print(f"{argv[0]}: not a record of mode native", file=sys.stderr)
        return 2
    path = folder("conformance") / FILE
    path.write_text(distil(record), "utf-8")
    print(f"written: {path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
