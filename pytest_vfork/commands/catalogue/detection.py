# SPDX-License-Identifier: MIT
"""The page of what the suite notices, docs/detection.md: from the `fails_under` of the cases and faults.def alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...model import Case, Level, Mode
from ...templates.faults import faults
from ..pages import render_page

FORK = Mode.FORK.value
COMPARED = {FORK: "fork", "fork-and-pipe": "fork + pipe", "vm-dropped": "VFORK kept, VM dropped"}
# What an application sees, by the case that shows it.
_SIGHTS = {
    "suspension/parent-waits-until-exec": "the parent goes on while its child still runs the parent's code",
    "identity/failed-posix-spawn-reports-the-error-and-leaves-no-child": (
        "posix_spawn of a program that is not there returns 0, and leaves a child that exits with 127"
    ),
    "memory/errno-of-a-failed-exec-is-set-in-parent": "the parent does not learn why the exec of its child failed",
    "memory/write-of-child-is-in-parent-after-its-exec": "what the child wrote for its parent is lost",
    "memory/stdio-buffer-is-shared-and-exit-does-not-flush-it": "output that the child left in a buffer is lost",
    "memory/mapping-made-by-child-is-in-parent": "a mapping that the child made for its parent is not there",
    "memory/private-futex-wake-of-child-reaches-a-thread-of-parent": "a thread that the child should wake sleeps on",
    "signals/handled-signal-waits-until-release": "handlers run while the child still uses what they change",
    "suspension/child-that-closes-every-descriptor-keeps-parent-suspended": (
        "a child that closes every descriptor, as daemons do, sets its parent going"
    ),
    "suspension/failed-exec-keeps-parent-suspended": "the parent goes on before a failed exec was tried elsewhere",
}


def page(cases: Sequence[Case]) -> str:
    """Return docs/detection.md."""
    must = {name: [case.id for case in _ladder(cases) if name in case.fails_under] for name in (FORK, *faults())}
    table = [
        {**vars(fault), "area": fault.areas[0], "cases": must[name], "first": next(iter(must[name]), "none")}
        for name, fault in faults().items()
    ]
    return render_page(
        Path(__file__).with_name("detection.md.j2"),
        faults=table,
        treatments=[_compare(name, must, cases) for name in COMPARED],
        levels=[level.word for level in Level],
        case_count=len(cases),
        sights=[(text, ["yes" if id in must[name] else "no" for name in COMPARED]) for id, text in _SIGHTS.items()],
        unbroken=[case.id for case in cases if not case.fails_under],
    )


def _ladder(cases: Sequence[Case]) -> list[Case]:
    """Return the cases in the order of the ladder: by level, then by name."""
    return sorted(cases, key=lambda case: (case.level, case.id))


def amounts_to(treatment: str, must: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the faults of which every case that notices them also fails under the treatment."""
    fails = set(must[treatment])
    return [name for name in faults() if name not in COMPARED and must[name] and set(must[name]) <= fails]


def _compare(name: str, must: Mapping[str, Sequence[str]], cases: Sequence[Case]) -> dict[str, Any]:
    fails = [case for case in cases if case.id in must[name]]
    return {
        "name": name,
        "title": COMPARED[name],
        "cases": fails,
        "by_level": [sum(case.level is level for case in fails) for level in Level],
        "amounts_to": amounts_to(name, must),
        "out_of": sum(fault not in COMPARED for fault in faults()),
    }
