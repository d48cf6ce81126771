# SPDX-License-Identifier: MIT
"""The record: JSON lines, flushed one by one, facts and verdicts apart. docs/record.md has the schema."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from ..extending import Option
from ..judging.ladder import Rung, ladder
from ..model import Outcome
from ..model.result import Result
from ..records import is_where
from ..records.suite import describe, digest, known
from . import Reporter

SCHEMA = 2
# What becomes of bytes in the name of a folder that are no UTF-8: half a surrogate pair, as JSON writes it.
NOT_UTF_8 = "backslashreplace"
# Of the programs that did not pass, so much is kept for readers who have another version of the suite.
SOURCES_MOST = 1 << 20
_NEEDS_NO_SOURCE = (Outcome.PASS, Outcome.UNSUPPORTED)


class Record(Reporter):
    """Writes `--vfork-record`."""

    name = "record"
    options = (
        Option("record", "FILE.jsonl", "Write facts and verdicts of the run to this file, one JSON object a line."),
    )

    def __init__(self, given: Mapping[str, str], folder: Path, to: TextIO | None = None) -> None:
        """Write to the file that is given, or, if there is one, to `to`, which is left open."""
        super().__init__(given, folder)
        self._path = folder / given.get("record", "")
        self._is_own = to is None
        self._file = to or open(  # noqa: SIM115 (closed in end)
            self._path, "w", encoding="utf-8", errors=NOT_UTF_8
        )
        self._told: set[str] = set()
        self._sources_left = SOURCES_MOST
        self._run: Mapping[str, Any] = {}

    def begin(self, run: Mapping[str, Any]) -> None:
        """Write the header of the run."""
        self._run = run
        self._write("run", {"schema": SCHEMA, **run})

    def add(self, result: Result) -> None:
        """Write the facts of one item, then the verdict on them; before the first item of a case, what it is about."""
        self._tell_about(result.id)
        facts = result.to_json()
        source = _read(result.source)
        facts["digest"] = digest(source) if source else ""
        verdict = facts.pop("verdict")
        link = facts.pop("link")
        if is_where(self._run, result.at):
            del facts["at"]  # on most items it would repeat the header
        if result.call:
            del facts["version"]
        # what could not be read has no spec either
        self._write("case" if result.call else "workload" if result.spec else "template", facts)
        self._write(
            "verdict", {"id": result.id, "call": result.call, "variant": result.variant, **verdict, "link": link}
        )
        if source and result.verdict.outcome not in _NEEDS_NO_SOURCE and len(source) <= self._sources_left:
            self._sources_left -= len(source)
            self._write("source", {"id": result.id, "call": result.call, "variant": result.variant, "text": source})

    def _tell_about(self, id: str) -> None:
        item = known().get(id) if id not in self._told else None
        if item:
            self._told.add(id)
            self._write("about", {"id": id, **asdict(describe(item))})

    def end(self, results: Sequence[Result], write_line: Callable[[str], None]) -> None:
        """Write the ladder, close the file and say where it is."""
        seen = ladder(results)
        levels = {"reached": seen.reached, "reached_but_for_known": seen.reached_but_for_known}
        outcomes = Counter(result.verdict.outcome for result in results)
        self._write(
            "ladder",
            {
                "complete": seen.is_complete,
                "why": seen.why_incomplete,
                "levels": [_rung_json(rung) for rung in seen.rungs],
                **{key: level.word if level is not None else None for key, level in levels.items()},
                "outcomes": {outcome.value: outcomes[outcome] for outcome in Outcome},
            },
        )
        if self._is_own:
            self._file.close()
        write_line(f"record: {self._path}")

    def _write(self, kind: str, content: Mapping[str, Any]) -> None:
        self._file.write(json.dumps({"kind": kind, **content}, ensure_ascii=False) + "\n")
        self._file.flush()


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8") if path else ""
    except (OSError, UnicodeDecodeError):  # gone from the cache, or of an encoding of its own
        return ""


def _rung_json(rung: Rung) -> dict[str, Any]:
    return {
        "level": rung.level.word,
        "total": rung.total,
        "held": rung.held,
        "first_failed": rung.first_failed.name if rung.first_failed else None,
        "known": [result.name for result in rung.known],
        "unsupported": rung.unsupported,
        "did_not_run": rung.did_not_run,
    }
