# SPDX-License-Identifier: MIT
"""The page of a run, one self-contained file: `--vfork-html`."""

from __future__ import annotations

from collections.abc import Callable

from ..extending import Option
from ..records import Record
from ._page import render
from ._spool import Spool


class Page(Spool):
    """Writes `--vfork-html`."""

    name = "html"
    options = (Option("html", "FILE.html", "Write the page of the run to this file, which needs no network."),)

    def make(self, record: Record, write_line: Callable[[str], None]) -> None:
        """Write the page."""
        path = self.folder / self.given["html"]
        path.write_text(render([record]), "utf-8")
        write_line(f"page: {path}")
