# SPDX-License-Identifier: MIT
"""What a job of GitHub Actions shows by itself: annotations of what failed, and the summary of the step."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..model import Level, Outcome
from ..model.result import Result
from ..records.read import read_open_record
from ..records.summary import summarise
from . import Reporter
from .record import NOT_UTF_8, Record

MOST = 10  # GitHub shows no more errors of a step
_COUNTED = (Outcome.FAIL, Outcome.BROKEN, Outcome.XPASS)


class GitHub(Reporter):
    """Does nothing where GitHub Actions does not run the job, which it says in the environment."""

    name = "github"

    def __init__(self, given: Mapping[str, str], folder: Path) -> None:
        super().__init__(given, folder)
        self._run: Mapping[str, Any] = {}

    def begin(self, run: Mapping[str, Any]) -> None:
        """Keep the facts of the run."""
        self._run = run

    def end(self, results: Sequence[Result], write_line: Callable[[str], None]) -> None:
        """Write the annotations, and append to the summary, which earlier steps may have written to."""
        if os.environ.get("GITHUB_ACTIONS") == "true":
            claim = next(level for level in Level if level.word == self._run["claim"])
            for line in tell(results, claim):
                write_line(line)
        step = os.environ.get("GITHUB_STEP_SUMMARY")
        if step and results:
            with open(step, "a", encoding="utf-8") as file:
                file.write(self._summary(results) + "\n")

    def _summary(self, results: Sequence[Result]) -> str:
        """Return the summary of a record of these results."""
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors=NOT_UTF_8) as file:
            record = Record({}, self.folder, file)
            record.begin(self._run)
            for result in results:
                record.add(result)
            record.end(results, lambda line: None)
            file.seek(0)
            with open(file.fileno(), "rb", closefd=False) as spooled:
                return summarise(read_open_record(spooled, Path("run.jsonl")))


def tell(results: Sequence[Result], claim: Level) -> list[str]:
    """Return a line for each case that failed at or below the claim: its first call, and how many more there are."""
    cases: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda result: (result.level, result.name)):
        above = result.verdict.outcome is Outcome.FAIL and result.level > claim
        if result.verdict.outcome in _COUNTED and not above:
            cases.setdefault(result.id, []).append(result)
    shown = list(cases.values())[: MOST if len(cases) <= MOST else MOST - 1]
    lines = [annotation(some[0], len(some) - 1) for some in shown]
    if len(shown) < len(cases):
        lines.append(f"::error title=vfork::{len(cases) - len(shown)} cases more failed")
    return lines


def annotation(result: Result, more: int) -> str:
    """Return a workflow command, as GitHub documents them: % and line ends escaped, in a title : and , too."""
    verdict = result.verdict
    lines = [result.must, verdict.why]
    lines += [f"expected: {verdict.expected}", f"seen: {verdict.seen}"] if verdict.expected else []
    lines += [f"and by {more} calls more"] if more else []
    word = {Outcome.BROKEN: "broken: ", Outcome.XPASS: "stale expectation: "}.get(verdict.outcome, "")
    return f"::error title={_property(word + result.name)}::{_data(chr(10).join(filter(None, lines)))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
