# SPDX-License-Identifier: MIT
"""`pytest-vfork report`: the page, and the summary, of one or several records."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..records.read import RecordError, read_record
from .cli import USAGE, Commands, complain, deliver


def add_command(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "report",
        help="Make a page of records, side by side.",
        description=(
            "The page is one file that needs no network: every requirement and call, what each record says of "
            "it, and what happened in order. docs/reports.md shows it."
        ),
        epilog="Exit status: 0: the page is written. 2: a record cannot be read, or the page cannot be written.",
    )
    parser.add_argument(
        "records", nargs="+", metavar="RECORD", help="What --vfork-record wrote; several are shown side by side."
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE.html", help="Write the page to this file (default: report.html)."
    )
    parser.add_argument("--markdown", metavar="FILE.md", help="Write a summary of each record in Markdown instead.")
    parser.set_defaults(does=main)


def main(arguments: argparse.Namespace) -> int:
    """Write the page; say what of the records is not whole."""
    try:
        records = [read_record(Path(path)) for path in arguments.records]
    except RecordError as error:
        return complain(f"report: {error}", USAGE)
    for record in records:
        for problem in record.problems:
            print(f"pytest-vfork: report: {record.path} is not whole: {problem}", file=sys.stderr)
    read = {Path(path).resolve() for path in arguments.records}
    for name in filter(None, (arguments.output, arguments.markdown)):
        if Path(name).resolve() in read:
            return complain(f"report: {name} is one of the records", USAGE)
    files: dict[str, str] = {}
    if arguments.markdown:
        from ..records.summary import summarise

        files[arguments.markdown] = "\n".join(map(summarise, records))
    if arguments.output or not arguments.markdown:
        from ..reporters._page import render

        files[arguments.output or "report.html"] = render(records)
    return max(deliver(text, name, "report") for name, text in files.items())
