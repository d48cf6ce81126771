# SPDX-License-Identifier: MIT
"""What the command does: run the matrix, say what is not true, and with --write make it true for review."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from ...building.toolchain import NoCompilerError, find_cc
from ...judging.expectations import find_expectation
from ...model import CALLS, Case
from ...running.session import DEADLINE_S
from ...templates import suite
from ...templates.faults import faults
from .. import catalogue
from ..cli import USAGE, complain
from . import FORK, Row, is_of_a_tracer, treatments
from .judge import is_about, problems, settle, uncaught
from .matrix import known_deviations, run_matrix
from .rewrite import rewrite


def detect(arguments: argparse.Namespace) -> int:
    """Run the command; return 1 if anything that faults or cases say of themselves is not true."""
    names = [name for name in treatments() if any(fnmatchcase(name, glob) for glob in arguments.faults.split(","))]
    cases = [case for case in suite.cases() if fnmatchcase(case.id, arguments.cases)]
    calls = [call for call in arguments.calls.split(",") if call not in CALLS]
    if not names or not cases or calls:
        what = f"no fault {arguments.faults!r}" if not names else f"no case {arguments.cases!r}" if not cases else ""
        return complain(f"detection: {what or f'no call {calls[0]!r}'}", USAGE)
    if not 0 < arguments.deadline < math.inf or arguments.rounds < 1 or arguments.jobs < 1:
        return complain("detection: want a deadline above 0, and one round and one process or more", USAGE)
    if arguments.cc:
        os.environ["CC"] = arguments.cc  # for the processes, too
    try:
        find_cc(None)
    except NoCompilerError as error:
        return complain(f"detection: {error}", USAGE)
    wanted = {name: _wanted(name, cases, arguments) for name in names}
    start = time.monotonic()
    rows = run_matrix(wanted, _deadline(cases, arguments), arguments.rounds, arguments.jobs, _tell)
    print(f"{len(rows)} treatments, {len(cases)} cases, {arguments.rounds} rounds: {time.monotonic() - start:.0f} s")
    if arguments.write:
        rows = {name: settle(row) for name, row in rows.items()}
        for case in rewrite(rows, cases):
            print(f"changed: {case}")
        suite.cases.cache_clear()  # their front matter was changed
        for path, text in catalogue.generated().items():
            path.write_text(text, "utf-8")
        return 0
    found = list(problems(rows, cases))
    print("\n".join(found))
    print(f"{len(found)} problems; no mode and no fault breaks: {', '.join(uncaught(cases)) or 'none'}")
    return 1 if found else 0


def _wanted(name: str, cases: Sequence[Case], arguments: argparse.Namespace) -> dict[str, list[str]]:
    """Return the calls to make, by case: of a fault that is not sound, only where something is known of the outcome."""
    fault = faults().get(name)
    is_sound = fault is None or fault.is_sound

    def counts(case: Case) -> bool:
        if fault and is_of_a_tracer(case):
            return name in case.fails_under
        return is_sound or name in case.fails_under or bool(arguments.write and fault and is_about(fault, case.id))

    calls = arguments.calls.split(",")
    chosen = {
        case.id: [call for call in case.calls if call in calls] or [case.calls[0]] for case in cases if counts(case)
    }
    # what does not hold without the fault either tells nothing, and may hang
    mode = fault.modes[0].value if fault else FORK
    return {
        id: [call for call in some if find_expectation(known_deviations(), id, call, mode) is None]
        for id, some in chosen.items()
    }


def _deadline(cases: Sequence[Case], arguments: argparse.Namespace) -> Callable[[str, str], float]:
    """Give those who must not notice the time that the suite gives; who must may hang, and has noticed then."""
    foreseen = {(name, case.id) for case in cases for name in case.fails_under}
    return lambda name, case: arguments.deadline if arguments.write or (name, case) in foreseen else DEADLINE_S


def _tell(row: Row) -> None:
    extra = "".join(
        f"; {word}: {', '.join(f'{case} ({len(calls)})' for case, calls in what.items())}"
        for word, what in (("sometimes", row.sometimes), ("broken", row.broken))
        if what
    )
    told = " ".join(f"{case}:{calls[0]}" for case, calls in row.failed.items())
    print(f"{row.treatment}: {len(row.failed)} cases notice it{extra}: {told}", flush=True)
