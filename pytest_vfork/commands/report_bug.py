# SPDX-License-Identifier: MIT
"""`pytest-vfork report-bug CASE`: what a maintainer pastes into the bug tracker of the interposer."""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..model import Outcome
from ..records import Item, Record
from ..records.bug import describe
from ..records.read import RecordError, read_record
from ..templates import suite
from .cli import USAGE, Commands, complain, deliver

CANNOT = 1
_FOUND = (Outcome.FAIL, Outcome.XFAIL)
_NAME = re.compile(r"[\w./+-]+(:[\w./+-]+)?")
_NOTHING_CHOSEN = 5  # pytest.ExitCode.NO_TESTS_COLLECTED
_SENTENCE = re.compile(r"(?:ERROR: |vfork: )+(?P<sentence>.+)")


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
        metavar="PYTEST-OPTION",
        help="After --, options of pytest for the run: --vfork-interposer=... and others.",
    )
    parser.usage = "pytest-vfork report-bug [-h] [--from A.jsonl] [-o FILE.md] CASE [-- PYTEST-OPTION ...]"
    parser.rest, parser.rest_is = "options", "options of pytest"
    parser.set_defaults(does=main)


def main(arguments: argparse.Namespace) -> int:
    """Write the report of the first item of the case that deviates."""
    try:
        record = read_record(Path(arguments.record)) if arguments.record else _run(arguments.case, arguments.options)
    except RecordError as error:
        return complain(f"report-bug: {error}", USAGE)
    item = find(record, arguments.case)
    if item is None:
        why = _why_none(record, arguments.case, arguments.record)
        return complain(f"report-bug: {why}", USAGE if not _of(record, arguments.case) else CANNOT)
    return deliver(describe(record, item), arguments.output, "report-bug")


def find(record: Record, case: str) -> Item | None:
    """Return the item to report: the one named, or the plainest one of the case that deviates."""
    deviating = [item for item in _of(record, case) if item.outcome in _FOUND]
    return min(deviating, key=lambda item: (bool(item.variant), item.call != "vfork", item.name), default=None)


def _of(record: Record, case: str) -> list[Item]:
    return [item for item in record.items.values() if case in (item.id, item.name)]


def _why_none(record: Record, case: str, path: str | None) -> str:
    some = _of(record, case)
    if some:
        told = ", ".join(f"{item.name} {item.outcome.value}" for item in some)
        return f"{case} does not deviate{f' in {path}' if path else ''}: {told}"
    if path:
        return f"{case} is not in {path}{_hint(case, (item.id for item in record.items.values()))}"
    return _no_case(case)


def _no_case(case: str) -> str:
    return f"there is no case {case!r}{_hint(case, suite.ids())}"


def _hint(case: str, ids: Iterable[str]) -> str:
    known, (id, _, call) = sorted(set(ids)), case.partition(":")
    if id in known and call:
        return f": {id} has no item {call}"
    close = [one for one in known if id.rpartition("/")[2] in one] or difflib.get_close_matches(id, known, 1)
    return f"; did you mean {close[0]}?" if close else ""


def _run(case: str, options: list[str]) -> Record:
    """Run the case and read the record of that; raise RecordError."""
    if not _NAME.fullmatch(case):
        raise RecordError(_no_case(case))
    # -k looks for parts of names, which stand in brackets, too
    what = f"[{case}]" if ":" in case else f"[{case}] or [{case}:"
    with tempfile.TemporaryDirectory(prefix="pytest-vfork-") as folder:
        path = Path(folder) / "run.jsonl"
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "pytest_vfork.conformance",
            "-k", what, f"--vfork-record={path}", *options,
        ]  # fmt: skip
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        record = read_record(path) if path.is_file() else None
        if record is None or not (record.items or done.returncode == _NOTHING_CHOSEN):
            raise RecordError(f"{case} cannot be run: {_said(done.stderr, done.stdout)}")
        return record


def _said(*texts: str) -> str:
    """Return the sentence that pytest ends a run of ours with that cannot be, or all that it said."""
    said = [_SENTENCE.match(line) for text in texts for line in text.splitlines()]
    return next((one[1] for one in said if one), "\n".join(texts).strip())
