# SPDX-License-Identifier: MIT
"""`pytest-vfork badge`: the level of a record as a small SVG, or as JSON that a badge server draws."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import jinja2

from ..model import Level, Outcome
from ..records import Record
from ..records.level import standing
from ..records.read import RecordError, read_record
from .cli import USAGE, Commands, complain, deliver

_COLOURS = {Level.LINUX: "#2f7d32", Level.SHARES: "#5f7d1f", Level.SUSPENDS: "#8a6d1f", Level.POSIX: "#a3541c"}
_NONE, _UNKNOWN = "#b3261e", "#66707c"
_WIDTHS = {**dict.fromkeys("fijlrt,.:;|!' ()", 4.2), **dict.fromkeys("mwMW", 9.6)}


def add_command(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "badge",
        help="Draw the level of a record as a badge.",
        description="The badge is an SVG, or the JSON of an endpoint badge.",
        epilog="Exit status: 0: done. 2: the record cannot be read.",
    )
    parser.add_argument("record", metavar="RECORD", help="What --vfork-record wrote.")
    parser.add_argument("-o", "--output", metavar="FILE", help="Write it to this file (default: to the terminal).")
    parser.add_argument("--json", action="store_true", help="Write the JSON of an endpoint badge instead of SVG.")
    parser.set_defaults(does=main)


def main(arguments: argparse.Namespace) -> int:
    """Write the badge."""
    try:
        record = read_record(Path(arguments.record))
    except RecordError as error:
        return complain(f"badge: {error}", USAGE)
    for problem in record.problems:
        complain(f"badge: {arguments.record}: not whole: {problem}", 0)
    message, colour = words(record)
    endpoint = {"schemaVersion": 1, "label": "vfork", "message": message, "color": colour}
    text = json.dumps(endpoint) + "\n" if arguments.json else draw("vfork", message, colour)
    return deliver(text, arguments.output, "badge")


def words(record: Record) -> tuple[str, str]:
    """Return what the badge says, and its colour."""
    seen = standing(record)
    if seen.why_none:
        return "no level", _UNKNOWN
    if seen.level is None:
        return "none", _NONE
    known = sum(step.outcomes[Outcome.XFAIL] for step in seen.steps if step.level <= seen.level)
    return seen.level.word + (f" but {known} known" if seen.level is not seen.strictly else ""), _COLOURS[seen.level]


def draw(label: str, message: str, colour: str) -> str:
    """Return the SVG."""
    left, right = (round(sum(_WIDTHS.get(one, 6.9) for one in text)) + 12 for text in (label, message))
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True)
    template = environment.get_template("badge.svg.j2")
    return template.render(label=label, message=message, colour=colour, left=left, right=right) + "\n"
