# SPDX-License-Identifier: MIT
"""The ladder on the terminal: each level, how many held, which failed first, and the level reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ..judging.ladder import Rung, ladder, reached
from ..model import Outcome
from ..model.result import Result
from . import Reporter

_FEW = 3  # names of cases on a line


class Ladder(Reporter):
    """Writes at the end of every run that has results."""

    name = "ladder"
    _run: Mapping[str, Any] = {}

    def begin(self, run: Mapping[str, Any]) -> None:
        """Keep the facts of the run."""
        self._run = run

    def end(self, results: Sequence[Result], write_line: Callable[[str], None]) -> None:
        """Write the ladder."""
        if not results:
            return
        write_line(
            "on {site}: Linux {kernel}, {libc}, {machine}; interposer {interposer} {interposer_version}".format(
                **self._run
            )
        )
        rungs = ladder(results)
        for rung in rungs:
            write_line(f"  {rung.level.word:<9} {_held(rung)}")
        counts = Counter(result.verdict.outcome for result in results)
        told = {Outcome.XPASS: "stale expectations", Outcome.UNSUPPORTED: "unsupported here", Outcome.BROKEN: "broken"}
        rest = [f"{label}: {counts[outcome]}" for outcome, label in told.items() if counts[outcome]]
        if rest:
            write_line("  " + ", ".join(rest))
        write_line(f"level reached: {_level(rungs)} (claim: {self._run['claim']})")


def _level(rungs: Sequence[Rung]) -> str:
    strictly, level = reached(rungs), reached(rungs, but_for_known=True)
    if level is None:
        return "none"
    if level is strictly:
        return level.word
    known = sum(len(rung.known) for rung in rungs)
    without = strictly.word if strictly is not None else "none"
    return f"{level.word}, but for {known} known deviations (without them: {without})"


def _held(rung: Rung) -> str:
    if rung.total == 0:
        return "nothing ran"
    text = f"{rung.held:4} of {rung.total} held"
    if rung.known:
        text += f"; known deviations: {len(rung.known)}, in {_places({result.id for result in rung.known})}"
    if rung.first_failed:
        why = " (broken)" if rung.first_failed.verdict.outcome is Outcome.BROKEN else ""
        text += f"; first that did not: {rung.first_failed.name}{why}"
    return text


def _places(ids: Collection[str]) -> str:
    """Name a few cases, and of many the areas that they lie in."""
    if len(ids) <= _FEW:
        return ", ".join(sorted(ids))
    areas = Counter(id.partition("/")[0] for id in ids)
    return f"{len(ids)} cases ({', '.join(f'{area} {n}' for area, n in sorted(areas.items()))}; pytest -rx says why)"
