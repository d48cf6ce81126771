# SPDX-License-Identifier: MIT
"""The ladder on the terminal: each level, how many held, which failed first, and what the run may claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..judging.ladder import Ladder, Rung
from ..model import Level, Outcome
from ..model.result import Result
from ..plugin.options import Options

_FEW = 3  # names of cases on a line


class Terminal:
    """Writes at the end of every run of ours."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._run: Mapping[str, Any] = {}

    def begin(self, run: Mapping[str, Any]) -> None:
        """Keep the facts of the run."""
        self._run = run

    def add(self, result: Result) -> None:
        """Nothing to do: the ladder needs them all."""

    def end(self, ladder: Ladder, write_line: Callable[[str], None]) -> None:
        """Write the ladder."""
        write_line(
            "on {site}: Linux {kernel}, {libc}, {machine}; interposer {interposer} {interposer_version}".format(
                **self._run
            )
        )
        for rung in ladder.rungs:
            write_line(f"  {rung.level.word:<9} {_held(rung)}")
        counts = Counter(result.verdict.outcome for result in ladder.results)
        told = {Outcome.XPASS: "stale expectations", Outcome.BROKEN: "broken"}
        rest = [f"{label}: {counts[outcome]}" for outcome, label in told.items() if counts[outcome]]
        if rest:
            write_line("  " + ", ".join(rest))
        write_line(f"{level_line(ladder)} (claim: {self._options.claim.word})")


def level_line(ladder: Ladder) -> str:
    """Say what level was reached: what is so, then what is excused, then what could not be seen here."""
    if not ladder.is_complete:
        return f"no level: {ladder.why_incomplete}"
    strictly, excused = ladder.reached, ladder.reached_but_for_known
    line = f"level: {_word(strictly)}"
    if excused is not strictly:
        known = sum(len(rung.known) for rung in ladder.rungs if excused is not None and rung.level <= excused)
        them = "the known deviation is" if known == 1 else f"the {known} known deviations are"
        line += f"; {_word(excused)} if {them} excused"
    hidden = {
        rung.level.word: rung.unsupported
        for rung in ladder.rungs
        if rung.unsupported and excused is not None and rung.level <= excused
    }
    if hidden:
        where = ", ".join(f"{word} {count}" for word, count in hidden.items())
        line += f"; {sum(hidden.values())} items unsupported here: {where} (pytest -rs says why)"
    return line


def _word(level: Level | None) -> str:
    return level.word if level is not None else "none"


def _held(rung: Rung) -> str:
    text = f"{rung.held:4} of {rung.total} held" if rung.total else "nothing ran"
    if rung.did_not_run:
        text += f"; {rung.did_not_run} did not run"
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


def reporter(options: Options) -> Terminal:
    """Make the ladder: always asked for."""
    return Terminal(options)
