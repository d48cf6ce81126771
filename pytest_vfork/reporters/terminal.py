# SPDX-License-Identifier: MIT
"""The ladder on the terminal: each level, how many held, which failed first, and the level reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..model import Outcome
from ..options import Options
from ..result import Result, Rung, ladder, reached


class Ladder:
    """Writes at the end of every run that has results."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._run: Mapping[str, Any] = {}

    def begin(self, run: Mapping[str, Any]) -> None:
        """Keep the facts of the run."""
        self._run = run

    def add(self, result: Result) -> None:
        """Nothing to do: the ladder needs them all."""

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
        counts = {outcome: sum(result.verdict.outcome is outcome for result in results) for outcome in Outcome}
        rest = {
            "known deviations": Outcome.XFAIL,
            "stale expectations": Outcome.XPASS,
            "unsupported here": Outcome.UNSUPPORTED,
            "broken": Outcome.BROKEN,
        }
        told = [f"{label}: {counts[outcome]}" for label, outcome in rest.items() if counts[outcome]]
        if told:
            write_line("  " + ", ".join(told))
        level = reached(rungs)
        write_line(f"level reached: {level.word if level is not None else 'none'} (claim: {self._options.claim.word})")


def _held(rung: Rung) -> str:
    if rung.total == 0:
        return "nothing ran"
    text = f"{rung.held:4} of {rung.total} held"
    if rung.first_failed:
        outcome = rung.first_failed.verdict.outcome
        why = "" if outcome is Outcome.FAIL else f" ({outcome.value})"
        text += f"; first that did not: {rung.first_failed.name}{why}"
    return text


def reporter(options: Options) -> Ladder:
    """Make the ladder: always asked for."""
    return Ladder(options)
