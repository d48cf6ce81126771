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
        "report", help="make a page of records: pytest-vfork report A.jsonl B.jsonl -o out.html"
    )
    parser.add_argument(
        "records", nargs="+", metavar="RECORD", help="what --vfork-record wrote; several are shown side by side"
    )
    parser.add_argument("-o", "--output", metavar="FILE.html", help="where the page goes (default: report.html)")
    parser.add_argument("--markdown", metavar="FILE.md", help="a summary in Markdown instead, of each record")
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
