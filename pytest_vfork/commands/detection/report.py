# SPDX-License-Identifier: MIT
"""The committed result, conformance/detection.json, and the page made from it, docs/detection.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...model import Case, Level
from ...templates import suite
from ...templates.faults import faults
from ..pages import render_page
from . import FORK, Row, first_failing, treatments
from .judge import uncaught

RESULT = "detection.json"
PAGE = Path(__file__).parents[3] / "docs" / "detection.md"
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


def read_result() -> dict[str, Row]:
    """Read the committed matrix."""
    plain = json.loads((suite.folder("conformance") / RESULT).read_text("utf-8"))
    return {
        name: Row(name, {case: tuple(calls.split()) for case, calls in failed.items()})
        for name, failed in plain.items()
    }


def write_report(rows: Mapping[str, Row], cases: Sequence[Case]) -> None:
    """Put what these cases did in the place of what they did before, and make the page anew."""
    path = suite.folder("conformance") / RESULT
    known = read_result() if path.exists() else {}
    plain = {}
    for name in treatments():
        asked = {case.id for case in cases} - (rows[name].unseen if name in rows else set())
        kept = {case: calls for case, calls in known[name].failed.items() if case not in asked} if name in known else {}
        failed = {**kept, **rows[name].failed} if name in rows else known[name].failed if name in known else {}
        plain[name] = {case: " ".join(calls) for case, calls in sorted(failed.items())}
    path.write_text(json.dumps(plain, indent=1) + "\n", "utf-8")
    PAGE.write_text(page(read_result(), suite.cases()), "utf-8")


def page(rows: Mapping[str, Row], cases: Sequence[Case]) -> str:
    """Return docs/detection.md; `rows` has every treatment."""
    must = {name: [case.id for case in cases if name in case.fails_under] for name in rows}
    table = [
        {
            **vars(fault),
            "area": fault.areas[0],
            "cases": must[fault.name],
            "first": first.id if (first := first_failing(rows[fault.name], cases)) else "none",
        }
        for fault in faults().values()
    ]
    return render_page(
        Path(__file__).with_name("page.md.j2"),
        faults=table,
        treatments=[_compare(name, must, cases) for name in COMPARED],
        levels=[level.word for level in Level],
        case_count=len(cases),
        sights=[(text, ["yes" if id in must[name] else "no" for name in COMPARED]) for id, text in _SIGHTS.items()],
        unbroken=uncaught(cases),
    )


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
