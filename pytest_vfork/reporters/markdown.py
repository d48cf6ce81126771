# SPDX-License-Identifier: MIT
"""A summary of a run in Markdown: `--vfork-markdown`."""

from __future__ import annotations

from collections.abc import Callable

from ..extending import Option
from ..records import Record
from ..records.summary import summarise
from ._spool import Spool


class Summary(Spool):
    """Writes `--vfork-markdown`."""

    name = "markdown"
    options = (Option("markdown", "FILE.md", "Write a summary of the run to this file, in Markdown."),)

    def make(self, record: Record, write_line: Callable[[str], None]) -> None:
        """Write the summary."""
        path = self.folder / self.given["markdown"]
        path.write_text(summarise(record), "utf-8")
        write_line(f"summary: {path}")
