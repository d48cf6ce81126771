# SPDX-License-Identifier: MIT
"""The command: run the matrix, say what is not true, and with --write make it true for review."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cache

from ...judging.expectations import read_expectations
from ...judging.verdict import find_expectation
from ...model import CALLS, Case, Expectation
from ...plugin.options import default_expectations
from ...templates import suite
from ...templates.faults import faults
from .. import catalogue
from . import FORK, Row, is_of_a_tracer, treatments
from .judge import is_about, problems, settle, uncaught
from .matrix import JOBS, run_matrix
from .report import write_report
from .rewrite import rewrite

UNFORESEEN_S = 60.0  # as --vfork-deadline


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 1 if anything that faults or cases say of themselves is not true."""
    arguments = _parser().parse_args(argv)
    names = [name for name in treatments() if any(fnmatchcase(name, glob) for glob in arguments.faults.split(","))]
    cases = [case for case in suite.cases() if fnmatchcase(case.id, arguments.cases)]
    wanted = {name: _wanted(name, cases, arguments) for name in names}
    start = time.monotonic()
    rows = run_matrix(wanted, _deadline(cases, arguments), arguments.rounds, arguments.jobs, _tell)
    print(f"{len(rows)} treatments, {len(cases)} cases, {arguments.rounds} rounds: {time.monotonic() - start:.0f} s")
    if arguments.write:
        rows = {name: settle(row) for name, row in rows.items()}
        for case in rewrite(rows, cases):
            print(f"changed: {case}")
        write_report(rows, cases)
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
    known = _known(tuple(case.id for case in suite.cases()))
    return {
        id: [call for call in some if find_expectation(known, id, call, mode) is None] for id, some in chosen.items()
    }


@cache
def _known(ids: tuple[str, ...]) -> tuple[Expectation, ...]:
    workloads = (workload.id for workload in suite.workloads())
    path = default_expectations(suite.folder("conformance"), "shim")
    return read_expectations(path, [*ids, *workloads]) if path else ()


def _deadline(cases: Sequence[Case], arguments: argparse.Namespace) -> Callable[[str, str], float]:
    """Give those who must not notice the time that the suite gives; who must may hang, and has noticed then."""
    foreseen = {(name, case.id) for case in cases for name in case.fails_under}
    return lambda name, case: arguments.deadline if arguments.write or (name, case) in foreseen else UNFORESEEN_S


def _tell(row: Row) -> None:
    extra = "".join(
        f"; {word}: {', '.join(f'{case} ({len(calls)})' for case, calls in what.items())}"
        for word, what in (("sometimes", row.sometimes), ("broken", row.broken))
        if what
    )
    told = " ".join(f"{case}:{calls[0]}" for case, calls in row.failed.items())
    print(f"{row.treatment}: {len(row.failed)} cases notice it{extra}: {told}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pytest_vfork.commands.detection", description=__doc__)
    parser.add_argument("--faults", default="*", help=f"which faults, or {FORK}: shell patterns, separated by commas")
    parser.add_argument("--cases", default="*", help="which cases: a shell pattern")
    parser.add_argument("--calls", default=",".join(CALLS), help="which calls, separated by commas")
    parser.add_argument("--deadline", type=float, default=10.0, help="seconds until a program hangs (default: 10)")
    parser.add_argument(
        "--rounds", type=int, default=1, help="how often each is run: what differs is told (default: 1)"
    )
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"how many processes (default: {JOBS})")
    parser.add_argument(
        "--write", action="store_true", help="write what was found into the cases, conformance/detection.json and docs"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
