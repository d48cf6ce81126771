# SPDX-License-Identifier: MIT
"""The record: JSON lines, flushed one by one, facts and verdicts apart. docs/record.md has the schema."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..judging.ladder import Ladder, Rung
from ..model import Outcome
from ..model.result import Result
from ..plugin.options import Options

SCHEMA = 1


class Record:
    """Writes `--vfork-record`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115 (closed in end)

    def begin(self, run: Mapping[str, Any]) -> None:
        """Write the header of the run."""
        self._write("run", {"schema": SCHEMA, **run})

    def add(self, result: Result) -> None:
        """Write the facts of one item, then the verdict on them."""
        facts = result.to_json()
        verdict = facts.pop("verdict")
        link = facts.pop("link")
        if result.call:
            del facts["version"]
        self._write("case" if result.call else "workload", facts)
        self._write(
            "verdict", {"id": result.id, "call": result.call, "variant": result.variant, **verdict, "link": link}
        )

    def end(self, ladder: Ladder, write_line: Callable[[str], None]) -> None:
        """Write the ladder, close the file and say where it is."""
        levels = {"reached": ladder.reached, "reached_but_for_known": ladder.reached_but_for_known}
        outcomes = Counter(result.verdict.outcome for result in ladder.results)
        self._write(
            "ladder",
            {
                "complete": ladder.is_complete,
                "why": ladder.why_incomplete,
                "levels": [_rung_json(rung) for rung in ladder.rungs],
                **{key: level.word if level is not None else None for key, level in levels.items()},
                "outcomes": {outcome.value: outcomes[outcome] for outcome in Outcome},
            },
        )
        self._file.close()
        write_line(f"record: {self._path}")

    def _write(self, kind: str, content: Mapping[str, Any]) -> None:
        self._file.write(json.dumps({"kind": kind, **content}, ensure_ascii=False) + "\n")
        self._file.flush()


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


def reporter(options: Options) -> Record | None:
    """Make the record if a file was named."""
    return Record(options.record) if options.record else None
