# SPDX-License-Identifier: MIT
"""Holds a matrix against what faults and cases say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ...model import Case
from ...templates.faults import ANY, Fault, faults
from . import FORK, Row, first_failing


def problems(rows: Mapping[str, Row], cases: Sequence[Case]) -> Iterator[str]:
    """Say each way in which `fails_under` of a case, or a fault's row, is not true."""
    for row in rows.values():
        yield from _problems(row, cases)


def settle(row: Row) -> Row:
    """Leave out what failed under a fault that is not sound, but has nothing to do with it."""
    fault = faults().get(row.treatment)
    if fault is None or fault.is_sound:
        return row
    return replace(row, failed={case: calls for case, calls in row.failed.items() if is_about(fault, case)})


def is_about(fault: Fault, case: str) -> bool:
    """Whether a case lies in an area of the fault."""
    return ANY in fault.areas or case.partition("/")[0] in fault.areas


def uncaught(cases: Iterable[Case]) -> list[str]:
    """Return the cases that no mode and no fault breaks."""
    return [case.id for case in cases if not case.fails_under]


def _problems(row: Row, cases: Sequence[Case]) -> Iterator[str]:
    name = row.treatment
    fault = None if name == FORK else faults()[name]
    first = first_failing(row, cases)
    if first is None:
        yield f"{name}: no case notices it"
        return
    if fault and not is_about(fault, first.id):
        yield f"{name}: {first.id} is the first case that fails; its row in faults.def names {', '.join(fault.areas)}"
    for case in cases:
        if case.id in row.unseen:
            continue
        listed, fails = name in case.fails_under, case.id in row.failed
        if listed and not fails:
            yield f"{name}: {case.id} says that it fails under it, and does not"
        if fails and not listed and (fault is None or fault.is_sound):
            yield f"{name}: {case.id} fails under it, and does not say so: {', '.join(row.failed[case.id])}"
    if fault is None or fault.is_sound:
        for case_id, calls in row.sometimes.items():
            yield f"{name}: {case_id} fails under it sometimes: {', '.join(calls)}"
