# SPDX-License-Identifier: MIT
"""Runs cases under treatments, in processes of their own."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import cache
from multiprocessing import get_context

from .. import resources
from ..build import Builder, CompileError
from ..cache import Cache
from ..faults import faults
from ..interposers import Settings, factories
from ..model import CALLS, Case, Level, Mode, Outcome, Program
from ..options import Options
from ..session import Session
from ..sites.local import LocalSite
from ..toolchain import find_cc
from . import FORK, Row

# A case sleeps for most of its time, while it looks whether a parent stays silent: a core serves several.
JOBS = 4 * (os.cpu_count() or 1)
_Item = tuple[str, str]  # case, call


def run_matrix(
    names: Sequence[str],
    cases: Callable[[str], Mapping[str, Sequence[str]]],
    deadline_s: float,
    rounds: int = 1,
    jobs: int = JOBS,
    done: Callable[[Row], None] = lambda row: None,
) -> dict[str, Row]:
    """Run `cases(name)`, calls by case, under each treatment, `rounds` times; `done` gets each row as it ends.

    The calls of a case are made one after another until one fails: then the case has noticed.
    """
    rows = {}
    wanted = {name: cases(name) for name in names}
    _build({(case, call) for some in wanted.values() for case, calls in some.items() for call in calls})
    # fork: the workers inherit what was built
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        asked = {
            name: [
                pool.submit(_run, name, case, calls, deadline_s)
                for _ in range(rounds)
                for case, calls in wanted[name].items()
            ]
            for name in names
        }
        for name, futures in asked.items():
            outcomes: defaultdict[_Item, list[str]] = defaultdict(list)
            for future in futures:
                for item, outcome in future.result():
                    outcomes[item].append(outcome)
            rows[name] = _row(name, outcomes)
            done(rows[name])
    return rows


def _build(items: Iterable[_Item]) -> None:
    for case, call in items:
        with suppress(CompileError):  # the run will say so
            _builder().case(_cases()[case], call)


def _row(name: str, outcomes: Mapping[_Item, Sequence[str]]) -> Row:
    def by_case(chosen: Iterable[_Item]) -> dict[str, tuple[str, ...]]:
        calls = defaultdict(list)
        for case, call in sorted(chosen, key=lambda item: (item[0], CALLS.index(item[1]))):
            calls[case].append(call)
        return {case: tuple(called) for case, called in calls.items()}

    fail = Outcome.FAIL.value
    return Row(
        name,
        by_case(item for item, seen in outcomes.items() if set(seen) == {fail}),
        by_case(item for item, seen in outcomes.items() if fail in seen and set(seen) != {fail}),
        by_case(item for item, seen in outcomes.items() if Outcome.BROKEN.value in seen),
    )


@cache
def _cases() -> Mapping[str, Case]:
    return {case.id: case for case in resources.cases()}


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


@cache
def _session(name: str, deadline_s: float) -> Session:
    """Boot a treatment, once in each process."""
    fault = None if name == FORK else faults()[name]
    mode = fault.modes[0] if fault else Mode.FORK
    settings = Settings(mode, (), _builder(), fault.name if fault else None)
    options = Options(
        mode=mode,
        fault=settings.fault,
        interposer="shim",
        modes=tuple(Mode),
        command=(),
        claim=Level.LINUX,
        calls=CALLS,
        record=None,
        expectations=None,
        deadline_s=deadline_s,
        cc=None,
        given=frozenset(),
    )
    return Session(options, settings, factories()["shim"](settings), LocalSite(settings.builder), 0)


def run_case(name: str, case: str, call: str, deadline_s: float) -> str:
    """Run one case by one call under a treatment; return the outcome."""
    return _session(name, deadline_s).check_case(_cases()[case], call).verdict.outcome.value


def _run(name: str, case: str, calls: Sequence[str], deadline_s: float) -> list[tuple[_Item, str]]:
    seen: list[tuple[_Item, str]] = []
    for call in calls:
        seen.append(((case, call), run_case(name, case, call, deadline_s)))
        if seen[-1][1] == Outcome.FAIL.value:
            break
    return seen
