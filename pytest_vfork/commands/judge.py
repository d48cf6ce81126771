# SPDX-License-Identifier: MIT
"""`pytest-vfork judge`: judges what exported programs said, or what a record holds, by the rules as they are here."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import __version__
from ..judging import ktap
from ..judging.verdict import judge_case
from ..model import Case, Level, Outcome
from ..model.result import Result, Results
from ..records.read import SCHEMAS
from ..reporters import Reporter, reporters
from ..templates import suite
from .cli import USAGE, Commands, cannot_write, complain

_BROKEN = 99
_Items = Mapping[str, tuple[Case, str, str]]
_UNKNOWN = {
    "pytest_vfork": __version__, "interposer": "unknown", "interposer_version": "", "mode": None, "site": "a guest",
    "kernel": "unknown", "libc": "", "machine": "", "fault": None,
}  # fmt: skip


def add_command(commands: Commands) -> None:
    """Declare the command."""
    judge = commands.add_parser(
        "judge",
        help="Judge what exported programs said, or what a record holds.",
        description="Reads KTAP in any text, a console's log for one, and prints the ladder as a run does.",
        epilog=(
            "Exit status: 0: everything holds that is claimed. 1: something does not. 2: nothing to judge, it "
            "cannot be read, or a report cannot be written. 99: a test itself did not work, or what there is was cut "
            "off."
        ),
    )
    judge.add_argument(
        "files", metavar="DIR|FILE", type=Path, nargs="+", help="KTAP, a console's log, a record, or a folder of them."
    )
    judge.add_argument("--name", default="", help="Say in the reports that this was tested.")
    judge.add_argument(
        "--claim",
        choices=[level.word for level in Level],
        default="linux",
        help="Hold the run to this level (default: linux).",
    )
    for option in _options():
        judge.add_argument(f"--{option.name}", dest=option.name, metavar=option.metavar, help=option.help)
    judge.set_defaults(does=_judge)


def _options() -> list[Any]:
    return [option for kind in reporters().values() for option in kind.options]


class UnreadableError(ValueError):
    """A file holds nothing that can be judged; the message says why."""


def _judge(arguments: argparse.Namespace) -> int:
    """Judge files and let every reporter tell of it; 0 if all holds, 1 if not, 99 if something was broken."""
    named = {given.resolve(): "" for given in arguments.files}
    for kind in reporters().values():
        for path in kind.outputs(_given(kind, arguments), Path()):
            if why := cannot_write(path):
                return complain(f"judge: {path}: {why}", USAGE)
            other = named.setdefault(path.resolve(), kind.name)
            if other != kind.name:
                why = f"--{other} writes it already" if other else "it is what shall be judged"
                return complain(f"judge: --{kind.name}: {path}: {why}", USAGE)
    items = ktap.items(suite.cases())
    results: list[Result] = []
    run: dict[str, Any] = dict(_UNKNOWN)
    cut: list[str] = []
    try:
        for file in (file for given in arguments.files for file in _files(given)):
            text = file.read_text("utf-8", "replace")
            if file.suffix == ".jsonl":
                head, found, is_whole = read_record(text, str(file), items)
                run |= head
                if not is_whole:
                    cut.append(f"{file} has no end: the run was cut off")
            else:
                found = [ktap.judge(told, items) for told in ktap.read(text)]
                if len(found) < ktap.planned(text):
                    cut.append(f"{file} has {len(found)} of {ktap.planned(text)} verdicts: the run was cut off")
            results += found
    except KeyError as error:
        return complain(f"judge: version {__version__} of the suite has no item {error}", USAGE)
    except OSError as error:
        return complain(f"judge: {error.filename or file}: {error.strerror}", USAGE)
    except UnreadableError as error:
        return complain(f"judge: {error}", USAGE)
    if not results:
        return complain("judge: no verdict of an exported program is in there", USAGE)
    claim = Level[arguments.claim.upper()]
    run |= {"claim": claim.word} | ({"interposer": arguments.name} if arguments.name else {})
    unwritten = _report(Results(results, _missing(results)), run, arguments)
    for result in results:
        if result.verdict.outcome in (Outcome.FAIL, Outcome.BROKEN) and result.level <= claim:
            print(f"{result.verdict.outcome.value}: {result.name}: {result.verdict.why}")
    for why in cut:
        complain(f"judge: {why}", _BROKEN)
    if unwritten:
        return complain(f"judge: {unwritten}", USAGE)
    outcomes = {result.verdict.outcome for result in results if result.level <= claim}
    return 1 if {Outcome.FAIL, Outcome.XPASS} & outcomes else _BROKEN if cut or Outcome.BROKEN in outcomes else 0


def _missing(results: list[Result]) -> dict[str, list[Level]]:
    """Return the levels of what was not judged: only who saw everything may claim one."""
    names = {result.name for result in results}
    every = [(name, case.level) for name, (case, _, _) in ktap.items(suite.cases()).items()]
    every += [(workload.id, workload.level) for workload in suite.workloads()]
    return {"not in there": [level for name, level in every if name not in names]}


def _given(kind: type[Reporter], arguments: argparse.Namespace) -> dict[str, str]:
    return {option.name: value for option in kind.options if (value := getattr(arguments, option.name))}


def _report(results: Results, run: Mapping[str, Any], arguments: argparse.Namespace) -> str:
    """Let each reporter tell; return what could not be written, for the disk is full say, and why."""
    unwritten = ""
    for kind in reporters().values():
        given = _given(kind, arguments)
        if kind.options and not given:
            continue
        said: list[str] = []
        try:
            reporter = kind(given, Path.cwd())
            reporter.begin(run)
            for result in results:
                reporter.add(result)
            reporter.end(results, said.append)
        except OSError as error:
            unwritten = f"{', '.join(given.values())}: {error.strerror}"
        for line in said:
            print(line)
    return unwritten


def _files(given: Path) -> list[Path]:
    """A folder stands for what run.sh left there."""
    if not given.is_dir():
        return [given]
    found = sorted(given.rglob("*.ktap")) or sorted(given.rglob("*.jsonl"))
    if not found:
        raise UnreadableError(f"{given}: no *.ktap and no *.jsonl is in there")
    return found


def read_record(text: str, name: str, items: _Items | None = None) -> tuple[dict[str, Any], list[Result], bool]:
    """Return the facts and results of a record, and whether it has its end; with `items`, its cases are judged again.

    What it says of workloads stays as it is. Raise UnreadableError, or KeyError for an item that there is not.
    """
    run: dict[str, Any] = {}
    results: list[Result] = []
    facts: dict[str, Any] | None = None
    has_end = False
    for kind, line in _lines(text, name):
        if kind in ("run", "ladder"):  # one record may follow another
            has_end = kind == "ladder"
        if kind == "run":
            if line.get("schema") not in SCHEMAS:
                raise UnreadableError(f"{name}: schema {line.get('schema')!r}: this version reads {SCHEMAS}")
            run = {key: value for key, value in line.items() if key != "schema"}
        elif kind in ("case", "workload"):
            facts = line
        elif kind == "verdict" and facts is not None:
            try:
                verdict = {key: line[key] for key in ("outcome", "why", "expected", "seen")}
                known = {key: value for key, value in facts.items() if key in Result.__dataclass_fields__}
                result = Result.from_json({**known, "verdict": verdict, "link": line.get("link", "")})
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                lacks = f"{error} is not there" if isinstance(error, KeyError) else error
                raise UnreadableError(f"{name}: no result of an item: {lacks}") from error
            if items and result.call and result.seen:
                result = replace(result, verdict=judge_case(items[result.name][0], result.seen))
            results.append(result)
            facts = None
    return run, results, has_end


def _lines(text: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return kind and content of each line of a record; the last one may be cut short."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            content = json.loads(line)
            kind = content.pop("kind")
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
            if number == len(lines) and number > 1:
                return
            raise UnreadableError(f"{name}:{number}: no line of a record: {error}") from error
        yield str(kind), content
