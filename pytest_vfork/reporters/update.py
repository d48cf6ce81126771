# SPDX-License-Identifier: MIT
"""`--vfork-update-expectations`: writes down what this run showed."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from ..extending import Option
from ..judging.deviations import to_toml, update
from ..judging.expectations import UNEXPLAINED, ExpectationError, read_expectations
from ..model.result import Result
from ..templates import suite
from . import Reporter


class Update(Reporter):
    """Writes a file of expectations, or brings one up to date: reasons that are there stay."""

    name = "update"
    options = (
        Option(
            "update-expectations",
            "FILE.toml",
            "Write what this run showed to this file; a reason that is there stays, a new one is '?'.",
        ),
    )

    def __init__(self, given: Mapping[str, str], folder: Path) -> None:
        super().__init__(given, folder)
        self._path = folder / given["update-expectations"]
        self._run: Mapping[str, Any] = {}

    def begin(self, run: Mapping[str, Any]) -> None:
        """Keep the facts of the run."""
        self._run = run

    def end(self, results: Sequence[Result], write_line: Callable[[str], None]) -> None:
        """Write the file."""
        try:
            old = read_expectations(self._path, suite.ids(), allows_unexplained=True) if self._path.is_file() else ()
        except ExpectationError as error:
            raise OSError(errno.EINVAL, f"it stays as it was: {error}", str(self._path)) from error
        items = [(case.id, *item) for case in suite.cases() for item in case.items]
        items += [(workload.id, "", "") for workload in suite.workloads()]
        new = update(old, results, items, self._run.get("mode") or "")
        self._path.write_text(to_toml(new, _head(self._path, self._run)), "utf-8")
        unexplained = sum(len(entry.cases) for entry in new if UNEXPLAINED in (entry.reason, entry.link))
        cases = sum(len(entry.cases) for entry in new)
        write_line(f"expectations: {self._path}, {cases} cases, {unexplained} without a reason")


def _head(path: Path, run: Mapping[str, Any]) -> str:
    """Keep the comment that a file begins with; begin a new one with what was seen."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    kept = []
    for line in lines:
        if not line.startswith("#"):
            break
        kept.append(line[1:].removeprefix(" "))
    interposer = " ".join(filter(None, (run.get("interposer"), run.get("interposer_version"))))
    where = ", ".join(filter(None, (f"Linux {run.get('kernel')}", run.get("libc"), run.get("machine"))))
    return "\n".join(kept) or (
        f"What {interposer} is known to break (docs/expectations.md has the format).\n"
        f"Seen on {where}, by pytest-vfork {__version__}."
    )
