# SPDX-License-Identifier: MIT
"""Which cases notice which faults: `python -m pytest_vfork.commands.detection`.

For those who change cases, faults or the shim.

A treatment is what the cases are run under: a fault of the shim (in the first mode that it has), or the mode `fork`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...model import Case, Mode
from ...templates.faults import faults

FORK = Mode.FORK.value


@dataclass(frozen=True)
class Row:
    """What became of the cases under one treatment: by case, the calls that failed.

    `failed` holds what failed in every round, `sometimes` what failed in some, `broken` what did not work in one;
    `unseen` are the cases that this machine lacks something for.
    """

    treatment: str
    failed: Mapping[str, tuple[str, ...]]
    sometimes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    broken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()


def is_of_a_tracer(case: Case) -> bool:
    """Whether a case is about what a tracer is told: with a fault the shim traps more, and each SIGSYS is a stop."""
    return case.id.startswith("ptrace/")


def treatments() -> tuple[str, ...]:
    """Return the names of all treatments."""
    return (FORK, *faults())


def first_failing(row: Row, cases: Iterable[Case]) -> Case | None:
    """Return the case that failed first in the order of the ladder: by level, then by name."""
    failed = [case for case in cases if case.id in row.failed]
    return min(failed, key=lambda case: (case.level, case.id), default=None)
