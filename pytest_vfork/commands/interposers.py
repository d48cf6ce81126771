# SPDX-License-Identifier: MIT
"""The page of all interposers, docs/interposers.md, made from the records of whole runs."""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..judging.expectations import ExpectationError, find_expectation, read_expectations
from ..judging.ladder import Rung, ladder
from ..model import Expectation, Level, Outcome
from ..model.errors import said
from ..model.result import Result
from ..running.interposers import interposers
from ..templates import suite
from .cli import USAGE, Commands, complain, deliver
from .judge import UnreadableError, read_record
from .pages import render_page

COMMAND = "pytest-vfork interposers RECORD.jsonl... --keep docs/interposers.md --write docs/interposers.md"
# A line of the page's table: the name, which leads to a section if there is one, and what follows it.
_LINE = re.compile(r"^\| (?:\[(?P<linked>[^\]|]+)\]\(#[^)]*\)|(?P<name>[^\[\]|]+)) \|.* items \|$", re.MULTILINE)
_HELD = re.compile(r" (\d+)/\d+ \|")
_BAD = (Outcome.FAIL, Outcome.XFAIL, Outcome.BROKEN)


def add_command(commands: Commands) -> None:
    """Declare the command."""
    page = commands.add_parser(
        "interposers",
        help="Make docs/interposers.md from records of whole runs.",
        description="The page says of each interposer which level it reaches and which requirements it breaks.",
        epilog="Exit status: 0: done. 2: a record cannot be read.",
    )
    page.add_argument(
        "records",
        metavar="RECORD.jsonl",
        type=Path,
        nargs="+",
        help="What --vfork-record wrote, of a whole run for each interposer.",
    )
    page.add_argument(
        "--keep",
        metavar="FILE",
        type=Path,
        help="Keep what this page, made before, says of interposers of which no record is given.",
    )
    page.add_argument(
        "--write", metavar="FILE", type=Path, help="Write the page to this file, instead of to the terminal."
    )
    page.set_defaults(does=_interposers)


@dataclass(frozen=True)
class Row:
    """What one run showed."""

    name: str
    version: str
    run: Mapping[str, Any]
    rungs: tuple[Rung, ...]
    level: Level | None
    reasons: Mapping[tuple[str, str], Sequence[str]]  # (reason, link) → ids of cases

    @property
    def items(self) -> int:
        """How many items came to a result that counts."""
        return sum(rung.total for rung in self.rungs)

    @property
    def broken_cases(self) -> int:
        """How many requirements and programs deviate by at least one call."""
        return len({id for ids in self.reasons.values() for id in ids})

    @property
    def held(self) -> int:
        """How many items held."""
        return sum(rung.held for rung in self.rungs)


@dataclass(frozen=True)
class Kept:
    """What a page that was made before says of an interposer: its line of the table, and its section if it has one."""

    name: str
    line: str
    section: str

    @property
    def held(self) -> int:
        """How many items held."""
        return sum(map(int, _HELD.findall(self.line)))


def read_page(page: str) -> list[Kept]:
    """Return what a page says of each interposer."""
    sections = {section.partition("\n")[0]: "## " + section.rstrip() for section in page.split("\n## ")[1:]}
    lines = ((line["linked"] or line["name"], line[0]) for line in _LINE.finditer(page))
    return [Kept(name, line, sections.get(name, "")) for name, line in lines]


def row(run: Mapping[str, Any], results: Sequence[Result], known: Sequence[Expectation] = ()) -> Row:
    """Return what a record says of its interposer; reasons that the run did not know yet come from `known`."""
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result in sorted(results, key=lambda result: result.id):
        if result.verdict.outcome in _BAD:
            why = ("not explained", "")
            expected = find_expectation(known, result.id, result.call, str(run.get("mode") or ""), result.variant)
            if result.verdict.outcome is Outcome.XFAIL:
                why = (result.verdict.why, result.link)
            elif expected and expected.outcome is result.verdict.outcome:
                why = (expected.reason, expected.link)
            if result.id not in reasons[why]:
                reasons[why].append(result.id)
    seen = ladder(results)
    name = " ".join(filter(None, (str(run["interposer"]), run.get("mode"))))
    return Row(name, str(run["interposer_version"]), run, seen.rungs, seen.reached, reasons)


def render(rows: Iterable[Row | Kept]) -> str:
    """Return the page."""
    ordered = sorted(rows, key=lambda row: (-row.held, row.name))
    return render_page(Path(__file__).with_name("interposers.md.j2"), rows=ordered, levels=list(Level), command=COMMAND)


def _interposers(arguments: argparse.Namespace) -> int:
    try:
        rows = [row(run, results, _known(run)) for run, results in map(_whole, arguments.records)]
        before = read_page(arguments.keep.read_text("utf-8")) if arguments.keep else []
    except (OSError, UnicodeDecodeError, UnreadableError, ExpectationError) as error:
        return complain(f"interposers: {said(error)}", USAGE)
    names = {row.name for row in rows}
    page = render([*rows, *(kept for kept in before if kept.name not in names)])
    return deliver(page, arguments.write, "interposers")


def _known(run: Mapping[str, Any]) -> Sequence[Expectation]:
    """Return the expectations that we ship for the interposer of a run."""
    kind = interposers().get(str(run["interposer"]))
    path = kind.known_deviations() if kind else None
    return read_expectations(path, suite.ids(), allows_unexplained=True) if path else ()


def _whole(path: Path) -> tuple[dict[str, Any], list[Result]]:
    text = path.read_text("utf-8", "replace")
    run, results, is_whole = read_record(text, str(path))
    if not is_whole or not run:
        raise UnreadableError(f"{path}: the record of a run that did not end")
    if '"complete": false' in text.rsplit('"kind": "ladder"', 1)[1]:
        raise UnreadableError(f"{path}: the record of a part of the suite")
    return run, results
