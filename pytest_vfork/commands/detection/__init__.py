# SPDX-License-Identifier: MIT
"""Which cases notice which faults: `pytest-vfork detection`.

For those who change cases, faults or the shim.

A treatment is what the cases are run under: a fault of the shim (in the first mode that it has), or the mode `fork`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...model import CALLS, Case, Mode
from ...templates.faults import faults
from ..cli import Commands

FORK = Mode.FORK.value
# A case sleeps for most of its time, while it looks whether a parent stays silent: a core serves several.
JOBS = 4 * (os.cpu_count() or 1)


def add_command(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "detection",
        help="Run every case under every fault of the shim, and say what is not true.",
        description="Holds the fails_under of each case to what was seen, in both directions.",
        epilog="Exit status: 0: all of it is true. 1: something is not. 2: a bad option.",
    )
    parser.add_argument(
        "--faults",
        default="*",
        help=f"Run these faults, or {FORK}: shell patterns, separated by commas (default: all).",
    )
    parser.add_argument("--cases", default="*", help="Run the cases that this shell pattern fits (default: all).")
    parser.add_argument(
        "--calls", default=",".join(CALLS), help="Run only these calls, separated by commas (default: all)."
    )
    parser.add_argument(
        "--deadline",
        metavar="SECONDS",
        type=float,
        default=10.0,
        help="Take a program to hang after so many seconds (default: 10).",
    )
    parser.add_argument("--rounds", type=int, default=1, help="Run each so often, and tell what differs (default: 1).")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"Use so many processes (default: {JOBS}).")
    parser.add_argument("--write", action="store_true", help="Write what was found into the cases and docs/.")
    parser.set_defaults(does=_detect)


def _detect(arguments: argparse.Namespace) -> int:
    from .detect import detect

    return detect(arguments)


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
