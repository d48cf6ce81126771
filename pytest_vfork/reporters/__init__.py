# SPDX-License-Identifier: MIT
"""What becomes of the results. One file = one format: a class derived from Reporter.

Reporters live in the controller alone; workers send it their results.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..extending import Extension, found
from ..model.result import Result


class Reporter(Extension):
    """Takes the results of a run as they come.

    One is made for a run that gives one of its `options`; one that has none takes part in every run. `given` holds
    their values, by name, and `folder` is where relative paths among them begin.
    """

    one_of = ("begin", "add", "end")

    def __init__(self, given: Mapping[str, str], folder: Path) -> None:
        self.given = given
        self.folder = folder

    @classmethod
    def outputs(cls, given: Mapping[str, str], folder: Path) -> list[Path]:
        """Return the files that it will write: those that its options name as FILE, unless it says otherwise."""
        files = (option.name for option in cls.options if option.metavar.startswith("FILE"))
        return [folder / given[name] for name in files if name in given]

    def begin(self, run: Mapping[str, Any]) -> None:
        """Take the facts of the run (docs/record.md): before the first result."""

    def add(self, result: Result) -> None:
        """Take one result."""

    def end(self, results: Sequence[Result], write_line: Callable[[str], None]) -> None:
        """Take all results once more, when the run is over, however it ended; `write_line` writes to the terminal.

        Whether it was a whole run, and so may claim a level, `judging.ladder.ladder(results)` says.
        """


def reporters(more: Iterable[type] = ()) -> dict[str, type[Reporter]]:
    """Return every reporter by name: ours, those of installed packages, and `more`."""
    return found(Reporter, sys.modules[__name__], more)
