# SPDX-License-Identifier: MIT
"""A reporter that is made from a record alone: it keeps one, and reads it when the run is over."""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..model.result import Result
from ..records import Record as Read
from ..records.read import read_open_record
from . import Reporter
from .record import NOT_UTF_8, Record


class Spool(Reporter):
    """Writes a record of its own while the run goes on, so that what it makes is what the record would show anybody."""

    def __init__(self, given: Mapping[str, str], folder: Path) -> None:
        super().__init__(given, folder)
        # without a name: nothing is left of it, however the run ends
        self._spool = tempfile.TemporaryFile("w+", encoding="utf-8", errors=NOT_UTF_8)  # noqa: SIM115 (closed in end)
        self._record = Record({}, folder, self._spool)

    def begin(self, run: Mapping[str, Any]) -> None:
        """Write the header of the run."""
        self._record.begin(run)

    def add(self, result: Result) -> None:
        """Write one result."""
        self._record.add(result)

    def end(self, results: Sequence[Result], write_line: Callable[[str], None]) -> None:
        """End the record, read it, and make of it what this reporter makes."""
        self._record.end(results, lambda line: None)
        with self._spool:
            self._spool.seek(0)
            with open(self._spool.fileno(), "rb", closefd=False) as spooled:
                self.make(read_open_record(spooled, Path("run.jsonl")), write_line)

    @abstractmethod
    def make(self, record: Read, write_line: Callable[[str], None]) -> None:
        """Write what is made of the record; `write_line` writes to the terminal."""
