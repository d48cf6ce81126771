# SPDX-License-Identifier: MIT
"""The ladder on the terminal: each level, how many held, which failed first, and what the run may claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ..judging.ladder import Ladder, Rung, ladder
from ..model import Level, Outcome
from ..model.result import Result
from ..records import describe_where, is_where
from . import Reporter

_FEW = 3  # names of cases on a line


class Terminal(Reporter):
    """Writes at the end of every run of ours."""

    name = "ladder"
    _run: Mapping[str, Any] = {}

    def begin(self, run: Mapping[str, Any]) -> None:
        """Keep the facts of the run."""
        self._run = run

    def end(self, results: Sequence[Result], write_line: Callable[[str], None]) -> None:
        """Write the ladder."""
        interposer = f"{self._run['interposer']} {self._run['interposer_version']}"
        write_line(f"on {describe_where(self._run)}; interposer {interposer}")
        elsewhere = Counter(describe_where(result.at) for result in results if not is_where(self._run, result.at))
        for where, number in elsewhere.items():
            write_line(f"{number} of {len(results)} items on {where}")
        seen = ladder(results)
        for rung in seen.rungs:
            write_line(f"  {rung.level.word:<9} {_held(rung)}")
        counts = Counter(result.verdict.outcome for result in results)
        told = {Outcome.XPASS: "stale expectations", Outcome.BROKEN: "broken"}
        rest = [f"{label}: {counts[outcome]}" for outcome, label in told.items() if counts[outcome]]
        if rest:
            write_line("  " + ", ".join(rest))
        alarms = [alarm for result in results if result.seen for alarm in result.seen.alarms]
        if alarms:
            write_line(f"  the kernel complained {len(alarms)} times, first: {alarms[0]}")
        write_line(f"{level_line(seen)} (claim: {self._run['claim']})")


def level_line(seen: Ladder) -> str:
    """Say what level was reached: what is so, then what is excused, then what could not be seen here."""
    if not seen.is_complete:
        return f"no level: {seen.why_incomplete}"
    strictly, excused = seen.reached, seen.reached_but_for_known
    line = f"level: {_word(strictly)}"
    if excused is not strictly:
        known = sum(len(rung.known) for rung in seen.rungs if excused is not None and rung.level <= excused)
        them = "the known deviation is" if known == 1 else f"the {known} known deviations are"
        line += f"; {_word(excused)} if {them} excused"
    hidden = {
        rung.level.word: rung.unsupported
        for rung in seen.rungs
        if rung.unsupported and excused is not None and rung.level <= excused
    }
    if hidden:
        where = ", ".join(f"{word} {count}" for word, count in hidden.items())
        number = sum(hidden.values())
        line += f"; {number} item{'s' if number > 1 else ''} unsupported here: {where} (pytest -rs says why)"
    return line


def _word(level: Level | None) -> str:
    return level.word if level is not None else "none"


def _held(rung: Rung) -> str:
    text = f"{rung.held:4} of {rung.total} held" if rung.total else "nothing to judge"
    if rung.did_not_run:
        text += f"; {rung.did_not_run} did not run"
    if rung.unsupported:
        text += f"; unsupported here: {rung.unsupported}"
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
