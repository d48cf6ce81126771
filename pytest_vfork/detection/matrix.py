# SPDX-License-Identifier: MIT
"""Runs cases under treatments, in processes of their own."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache

from .. import resources
from ..build import Builder
from ..cache import Cache
from ..faults import faults
from ..interposers import Settings, factories
from ..model import CALLS, Case, Level, Mode, Outcome
from ..options import Options
from ..session import Session
from ..sites.local import LocalSite
from ..toolchain import find_cc
from . import FORK, Row

# A case sleeps for most of its time, while it looks whether a parent stays silent: a core serves several.
JOBS = 4 * (os.cpu_count() or 1)
_CHUNK = 12
_Item = tuple[str, str]  # case, call


def run_matrix(
    names: Sequence[str],
    items: Callable[[str], Sequence[_Item]],
    deadline_s: float,
    rounds: int = 1,
    jobs: int = JOBS,
    done: Callable[[Row], None] = lambda row: None,
) -> dict[str, Row]:
    """Run `items(name)`, pairs of case and call, under each treatment, `rounds` times; `done` gets each row as it ends."""
    rows = {}
    with ProcessPoolExecutor(jobs) as pool:
        asked = {
            name: [
                pool.submit(_run, name, chunk, deadline_s)
                for _ in range(rounds)
                for chunk in _chunks(items(name), _CHUNK)
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


def _chunks(items: Sequence[_Item], size: int) -> list[Sequence[_Item]]:
    # every n-th: what hangs until the deadline is mostly of one case, and so is shared out
    count = -(-len(items) // size)
    return [items[start::count] for start in range(count)]


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


@cache
def _session(name: str, deadline_s: float) -> Session:
    """Boot a treatment, once in each process."""
    fault = None if name == FORK else faults()[name]
    mode = fault.modes[0] if fault else Mode.FORK
    settings = Settings(mode, (), Builder(Cache.of_user(), find_cc(None)), fault.name if fault else None)
    options = Options(
        mode=mode,
        fault=settings.fault,
        interposer="shim",
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


def _run(name: str, items: Sequence[_Item], deadline_s: float) -> list[tuple[_Item, str]]:
    session = _session(name, deadline_s)
    return [((case, call), session.check_case(_cases()[case], call).verdict.outcome.value) for case, call in items]
