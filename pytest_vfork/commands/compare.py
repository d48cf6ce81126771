# SPDX-License-Identifier: MIT
"""`pytest-vfork compare A B`: what changed; exit status 0 if nothing is worse, 1 if something is, 2 for bad usage."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from ..records import Record
from ..records.compare import REGRESSIONS, Change, Pair, compare
from ..records.level import standing
from ..records.read import RecordError, read_record
from .cli import USAGE, Commands, complain

WORSE = 1
_TOLD = {Change.WORSE: "worse", Change.LOST: "no longer run", Change.BETTER: "better", Change.GAINED: "run now"}


def add_command(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "compare",
        help="Say what changed from one record to another.",
        description="Compares two records item by item and prints what is worse, better, new and no longer run.",
        epilog="Exit status: 0: the same, or better. 1: worse. 2: a record cannot be read.",
    )
    parser.add_argument("before", metavar="A.jsonl", help="The record from before.")
    parser.add_argument("after", metavar="B.jsonl", help="The record from after.")
    parser.add_argument("--only", choices=["regressions"], help="Show only what is worse or no longer run.")
    parser.add_argument("--json", action="store_true", help="Print JSON instead of a table.")
    parser.set_defaults(does=main)


def main(arguments: argparse.Namespace) -> int:
    """Print the table."""
    try:
        before, after = read_record(Path(arguments.before)), read_record(Path(arguments.after))
    except RecordError as error:
        return complain(f"compare: {error}", USAGE)
    pairs = list(compare(before, after))
    is_worse = any(pair.change in REGRESSIONS for pair in pairs)
    shown = [pair for pair in pairs if pair.change in (REGRESSIONS if arguments.only else _TOLD)]
    if arguments.json:
        print(json.dumps(to_json(before, after, pairs, shown), indent=1, ensure_ascii=False))
    else:
        print("\n".join(table(before, after, pairs, shown)))
    return WORSE if is_worse else 0


def to_json(before: Record, after: Record, pairs: Sequence[Pair], shown: Sequence[Pair]) -> dict[str, Any]:
    """Return the comparison as plain JSON."""
    return {
        "schema": 1,
        "before": _side(before),
        "after": _side(after),
        "counts": {change.value: sum(pair.change is change for pair in pairs) for change in Change},
        "changes": [
            {
                "item": pair.name,
                "change": pair.change.value,
                "before": pair.before.outcome.value if pair.before else None,
                "after": pair.after.outcome.value if pair.after else None,
                "why": pair.after.verdict.why if pair.after else "",
                "expected": pair.after.verdict.expected if pair.after else "",
                "seen": pair.after.verdict.seen if pair.after else "",
            }
            for pair in shown
        ],
    }


def _side(record: Record) -> dict[str, Any]:
    return {"path": record.path, "label": record.label, "level": standing(record).sentence, "problems": record.problems}


def table(before: Record, after: Record, pairs: Sequence[Pair], shown: Sequence[Pair]) -> Iterator[str]:
    """Return the lines: both runs, then each case with the calls that it changed for, then how many of what."""
    for letter, record in (("A", before), ("B", after)):
        yield f"{letter}  {record.label}: {standing(record).sentence}  ({record.path})"
        yield from (f"   not whole: {problem}" for problem in record.problems)
    order = list(_TOLD)
    some = sorted(shown, key=lambda pair: (order.index(pair.change), _id(pair), _outcomes(pair), pair.name))
    for change, pairs_of in groupby(some, key=lambda pair: pair.change):
        yield ""
        yield f"{_TOLD[change]}:"
        for (id, outcomes), calls in groupby(pairs_of, key=lambda pair: (_id(pair), _outcomes(pair))):
            names = [pair.name.removeprefix(id).lstrip(":") for pair in calls]
            yield f"  {id}  {outcomes}" + (f"  ({', '.join(names)})" if any(names) else "")
    counts = [f"{sum(pair.change is change for pair in pairs)} {change.value}" for change in Change]
    yield ""
    yield ", ".join(counts)


def _id(pair: Pair) -> str:
    item = pair.after or pair.before
    assert item is not None
    return item.id


def _outcomes(pair: Pair) -> str:
    return " -> ".join(item.outcome.value if item else "missing" for item in (pair.before, pair.after))
