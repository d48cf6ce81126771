# SPDX-License-Identifier: MIT
"""Runs cases under treatments, in processes of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import cache
from multiprocessing import get_context

from ...building.builder import Builder, CompileError
from ...building.cache import Cache
from ...building.toolchain import find_cc
from ...judging.expectations import read_expectations
from ...model import Case, Expectation, Mode, Outcome, Program
from ...running.interposers import Settings
from ...running.interposers.shim import Shim
from ...running.present import Inventory
from ...running.session import Session
from ...running.sites.local import LocalSite
from ...templates import suite
from ...templates.faults import faults
from . import FORK, JOBS, Row

_Item = tuple[str, str]  # case, call
FAIL, BROKEN, UNSUPPORTED = Outcome.FAIL.value, Outcome.BROKEN.value, Outcome.UNSUPPORTED.value


def run_matrix(
    wanted: Mapping[str, Mapping[str, Sequence[str]]],
    deadline_s: Callable[[str, str], float],
    rounds: int = 1,
    jobs: int = JOBS,
    done: Callable[[Row], None] = lambda row: None,
) -> dict[str, Row]:
    """Run what is wanted, calls by treatment and case, `rounds` times; `done` gets each row as it ends.

    The calls of a case are made one after another until one fails: then the case has noticed. `deadline_s` says how
    long a program of a treatment and a case may take.
    """
    rows = {}
    _build({(case, call) for some in wanted.values() for case, calls in some.items() for call in calls})
    # fork: the workers inherit what was built
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        asked = {
            name: {
                case: [pool.submit(_run, name, case, calls, deadline_s(name, case)) for _ in range(rounds)]
                for case, calls in some.items()
            }
            for name, some in wanted.items()
        }
        for name, cases in asked.items():
            rows[name] = _row(name, {case: [run.result() for run in runs] for case, runs in cases.items()})
            done(rows[name])
    return rows


def _build(items: Iterable[_Item]) -> None:
    for case, call in items:
        with suppress(CompileError):  # the run will say so
            _builder().case(_cases()[case], call)


def _row(name: str, seen: Mapping[str, Sequence[Mapping[str, str]]]) -> Row:
    """Sum up the outcomes by case, round and call."""
    failed: dict[str, tuple[str, ...]] = {}
    sometimes: dict[str, tuple[str, ...]] = {}
    broken: dict[str, tuple[str, ...]] = {}
    for case, rounds in seen.items():
        fails = Counter(call for outcomes in rounds for call, outcome in outcomes.items() if outcome == FAIL)
        breaks = Counter(call for outcomes in rounds for call, outcome in outcomes.items() if outcome == BROKEN)
        if breaks:
            broken[case] = tuple(breaks)
        if fails:
            is_sure = all(FAIL in outcomes.values() for outcomes in rounds)
            (failed if is_sure else sometimes)[case] = tuple(call for call, _ in fails.most_common())
    unseen = (case for case, rounds in seen.items() if all({*run.values()} == {UNSUPPORTED} for run in rounds))
    return Row(name, failed, sometimes, broken, frozenset(unseen))


@cache
def _cases() -> Mapping[str, Case]:
    return {case.id: case for case in suite.cases()}


class _Builder(Builder):
    """Renders each program once for all treatments: that takes twice as long as running it."""

    def __init__(self) -> None:
        super().__init__(Cache.of_user(), find_cc(None))
        self._made: dict[tuple[str, str, str], Program] = {}

    def case(self, case: Case, call: str, variant: str = "") -> Program:
        key = case.id, call, variant
        if key not in self._made:
            self._made[key] = super().case(case, call, variant)
        return self._made[key]


_builder = cache(_Builder)


_sessions: dict[tuple[str, float, Mode | None], Session] = {}  # of this process, the newest last
_SESSIONS_MOST = 4  # each has an agent, and treatments come one after another


def _session(name: str, deadline_s: float, other_mode: Mode | None) -> Session:
    """Boot a treatment, or find it booted."""
    key = name, deadline_s, other_mode
    if key not in _sessions:
        while len(_sessions) >= _SESSIONS_MOST:
            _sessions.pop(next(iter(_sessions))).close()
        _sessions[key] = _boot(*key)
    return _sessions[key]


def _boot(name: str, deadline_s: float, other_mode: Mode | None) -> Session:
    fault = None if name == FORK else faults()[name]
    mode = other_mode or (fault.modes[0] if fault else Mode.FORK)
    settings = Settings(mode, _builder(), {"fault": fault.name} if fault else {})
    return Session(Shim(settings), LocalSite(settings.builder), known_deviations(), deadline_s=deadline_s)


@cache
def known_deviations() -> tuple[Expectation, ...]:
    """Return what the shim is known to break here without any fault."""
    path = Shim.known_deviations()
    known = read_expectations(path, suite.ids()) if path else ()
    here = Inventory(LocalSite(_builder()), _builder())
    return tuple(one for one in known if not one.without or here.lacks(one.without))


def run_case(name: str, case: str, call: str, deadline_s: float, mode: Mode | None = None) -> str:
    """Run one case by one call under a treatment, in its usual mode if none is given; return the outcome."""
    return _session(name, deadline_s, mode).check_case(_cases()[case], call).verdict.outcome.value


def _run(name: str, case: str, calls: Sequence[str], deadline_s: float) -> dict[str, str]:
    outcomes: dict[str, str] = {}
    for call in calls:
        outcomes[call] = run_case(name, case, call, deadline_s)
        if outcomes[call] == FAIL:
            break
    return outcomes
