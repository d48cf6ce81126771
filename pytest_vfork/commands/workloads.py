# SPDX-License-Identifier: MIT
"""The page of all workloads, docs/workloads.md: program, version seen, call, what breaks under fork."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..model import ASSERTIONS, Workload
from ..templates import languages, places, suite
from .cli import Commands, deliver
from .pages import render_page

COMMAND = "pytest-vfork workloads --write docs/workloads.md"
_ROW = re.compile(r"\| \S+ \| \[\S+\]\(\.\./fixtures/(?P<path>\S+)\) \| (?P<version>[^|]*) \|")


def add_command(commands: Commands) -> None:
    """Declare the command."""
    workloads = commands.add_parser(
        "workloads",
        help="Print the page of all workloads.",
        description="In a checkout: --write docs/workloads.md.",
        epilog="Exit status: 0: done. 2: the page cannot be written.",
    )
    workloads.add_argument("--write", metavar="FILE", help="Write the page to this file, instead of to the terminal.")
    workloads.set_defaults(does=_workloads)


def _workloads(arguments: argparse.Namespace) -> int:
    every = suite.workloads()
    page = render(every, ask_versions(every))
    return deliver(page, arguments.write, "workloads")


def render(workloads: Sequence[Workload], versions: Mapping[str, str]) -> str:
    """Return the page; `versions` maps paths below fixtures/ to the version of the workload's program."""
    root = places.folder("fixtures")
    rows = []
    for workload in workloads:
        path = str(workload.template.relative_to(root))
        program, _, sentence = workload.id.partition("/")
        rows.append(
            {
                "program": program,
                "sentence": sentence,
                "path": path,
                "version": versions.get(path, ""),
                "seen": _seen(workload),
                "under_fork": workload.under_fork,
            }
        )
    by: dict[str, list[str]] = {
        assertion: sorted({w.id.partition("/")[0] for w in workloads if assertion in w.asserts})
        for assertion in ASSERTIONS
    }
    template = Path(__file__).with_name("workloads.md.j2")
    return render_page(template, command=COMMAND, workloads=rows, asserted=list(by.items()))


def ask_versions(workloads: Sequence[Workload]) -> dict[str, str]:
    """Ask each program for its version; "not here" where there is none."""
    root = places.folder("fixtures")
    return {str(w.template.relative_to(root)): languages.version_of(w) or "not here" for w in workloads}


def read_versions(page: str) -> dict[str, str]:
    """Return the versions that a page tells: with them the page can be made again on any machine."""
    return {match["path"]: match["version"] for match in _ROW.finditer(page)}


def _seen(workload: Workload) -> str:
    made = [f"{_code(pattern)} x {least}" for pattern, least in workload.seen.items()]
    return ", ".join([*made, *(f"never {_code(pattern)}" for pattern in workload.never_seen)])


def _code(pattern: str) -> str:
    return f"`{pattern}`".replace("|", "` or `")  # a bar would end the cell
