# SPDX-License-Identifier: MIT
"""`pytest-vfork report-bug CASE`: what a maintainer pastes into the bug tracker of the interposer."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from ..model import Outcome
from ..records import Item, Record
from ..records.bug import describe
from ..records.read import RecordError, read_record
from .cli import USAGE, Commands, complain, deliver

CANNOT = 1
_FOUND = (Outcome.FAIL, Outcome.XFAIL)


def add_command(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "report-bug",
        help="Write a bug report for the maker of an interposer.",
        description=(
            "Writes what a maintainer wants to read: the sentence of the manual, what was expected and seen, "
            "the timeline, the one C file, and how to build and run it."
        ),
        epilog=(
            "Exit status: 0: written. 1: the case holds, so that there is nothing to report. 2: no such case, "
            "or the record cannot be read."
        ),
    )
    parser.add_argument(
        "case", metavar="CASE", help="A case, or an item of it: suspension/parent-waits-until-exec:clone3."
    )
    parser.add_argument(
        "--from", dest="record", metavar="A.jsonl", help="Read the record of a run; without one the case is run now."
    )
    parser.add_argument("-o", "--output", metavar="FILE.md", help="Write it to this file (default: to the terminal).")
    parser.add_argument(
        "options",
        nargs="*",
        metavar="OPTION",
        help="After --, options of pytest for the run: --vfork-interposer=... and others.",
    )
    parser.set_defaults(does=main)


def main(arguments: argparse.Namespace) -> int:
    """Write the report of the first item of the case that deviates."""
    try:
        record = read_record(Path(arguments.record)) if arguments.record else _run(arguments.case, arguments.options)
    except RecordError as error:
        return complain(str(error), USAGE)
    item = find(record, arguments.case)
    if item is None:
        return complain(_why_none(record, arguments.case), USAGE if not _of(record, arguments.case) else CANNOT)
    return deliver(describe(record, item), arguments.output, "report-bug")


def find(record: Record, case: str) -> Item | None:
    """Return the item to report: the one named, or the plainest one of the case that deviates."""
    deviating = [item for item in _of(record, case) if item.outcome in _FOUND]
    return min(deviating, key=lambda item: (bool(item.variant), item.call != "vfork", item.name), default=None)


def _of(record: Record, case: str) -> list[Item]:
    return [item for item in record.items.values() if case in (item.id, item.name)]


def _why_none(record: Record, case: str) -> str:
    some = _of(record, case)
    if some:
        told = ", ".join(f"{item.name} {item.outcome.value}" for item in some)
        return f"report-bug: {case} does not deviate in {record.path}: {told}"
    close = sorted(item.id for item in record.items.values() if case.rpartition("/")[2] in item.id)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"report-bug: {case} is not in {record.path}{hint}"


def _run(case: str, options: list[str]) -> Record:
    """Run the case and read the record of that; raise RecordError."""
    with tempfile.TemporaryDirectory(prefix="pytest-vfork-") as folder:
        path = Path(folder) / "run.jsonl"
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "pytest_vfork.conformance",
            "-k", case if ":" not in case else f"[{case}]", f"--vfork-record={path}", *options,
        ]  # fmt: skip
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if not path.is_file():
            raise RecordError(f"report-bug: {' '.join(command)}\n{(done.stderr or done.stdout).strip()}")
        return read_record(path)
