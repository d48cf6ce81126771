# SPDX-License-Identifier: MIT
"""`pytest-vfork catalogue`: the cases as data, and the pages of docs/ that are made from what lies in this package."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...model import Case, Level, Mode
from ...model.names import sentence
from ...templates import places, suite
from ...templates.frontmatter import FrontMatterError
from ...templates.needs import NEEDS
from ...templates.spec import read_spec
from ...templates.variants import VARIANTS
from ..cli import USAGE, Commands, complain, parser
from ..pages import render_page
from . import detection, manual

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

COMMAND = "pytest-vfork catalogue"
SCHEMA = 1
_NOT_A_CASE = "not-a-case"


def add_command(commands: Commands) -> None:
    """Declare the command."""
    catalogue = commands.add_parser(
        "catalogue",
        help="In a checkout: make the pages of docs/ that come from cases, faults and options.",
        description="These pages are docs/requirements.md, docs/detection.md and docs/cli.md.",
        epilog=(
            "Exit status: 0: done. 1: with --check, a page is stale. 2: a template is wrong, or this is not a checkout."
        ),
    )
    catalogue.add_argument("--check", action="store_true", help="Write nothing; fail if one of them is stale.")
    catalogue.add_argument("--json", action="store_true", help="Write nothing; print all cases as JSON.")
    catalogue.set_defaults(does=_catalogue)


def _catalogue(arguments: argparse.Namespace) -> int:
    try:
        if arguments.json:
            print(to_json(suite.cases()), end="")
            return 0
        files = generated()
    except FrontMatterError as error:
        return complain(str(error), USAGE)
    if not all(path.parent.is_dir() for path in files):
        return complain("catalogue: this is not a checkout; there is no folder docs", USAGE)
    stale = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        if arguments.check:
            print(f"{path} is stale; run: {COMMAND}")
        else:
            path.write_text(files[path], "utf-8")
            print(f"written: {path}")
    return int(bool(stale) and arguments.check)


@dataclass(frozen=True)
class Row:
    """A requirement by the name that it was collected under: what checks it, or why nothing can (`because`)."""

    area: str
    name: str
    ids: tuple[str, ...]
    because: str


def rows() -> list[Row]:
    """Read conformance/coverage.toml."""
    tables = tomllib.loads((places.folder("conformance") / "coverage.toml").read_text("utf-8"))
    found = []
    for area, table in tables.items():
        for name, value in table.items():
            ids = () if area == _NOT_A_CASE else tuple([value] if isinstance(value, str) else value)
            found.append(Row(area, name, ids, value if area == _NOT_A_CASE else ""))
    return found


def entry(case: Case) -> dict[str, Any]:
    """Return what the catalogue says of a case, as plain JSON."""
    return {
        "id": case.id,
        "level": case.level.word,
        "spec": [{"source": promise.source, "sentence": promise.sentence} for promise in read_spec(case.spec)],
        "do": case.do,
        "must": case.must,
        "calls": list(case.calls),
        "variants": {name: list(calls) for name, calls in case.variants.items()},
        "fails_under": sorted(case.fails_under),
        "since": f"{case.since[0]}.{case.since[1]}" if any(case.since) else "",
        "until": "{}.{}".format(*case.until) if case.until else "",
        "needs": list(case.needs),
        "differs": case.differs,
    }


def title(case: Case) -> str:
    """Return the sentence that a case is named by, with the names of signals and errors as C writes them."""
    return sentence(case.id)


def faults(case: Case) -> list[str]:
    """Return what a case fails under beside the mode fork, of which the page tells apart."""
    return sorted(case.fails_under - {Mode.FORK.value})


def to_json(cases: Iterable[Case]) -> str:
    """Return the cases as JSON, in the order of the ids."""
    catalogue = {"schema": SCHEMA, "cases": [entry(case) for case in sorted(cases, key=lambda case: case.id)]}
    return json.dumps(catalogue, indent=1, ensure_ascii=False) + "\n"


def to_markdown(cases: Iterable[Case], rows: Iterable[Row]) -> str:
    """Return the text of docs/requirements.md."""
    areas: dict[str, list[Case]] = {}
    for case in sorted(cases, key=lambda case: (case.level, case.id)):
        areas.setdefault(case.id.partition("/")[0], []).append(case)
    return render_page(
        Path(__file__).with_name("requirements.md.j2"),
        areas=areas,
        broken_by_fork={area: sum("fork" in case.fails_under for case in found) for area, found in areas.items()},
        command=COMMAND,
        faults=faults,
        levels=[level.word for level in Level],
        needs=NEEDS,
        read_spec=read_spec,
        title=title,
        not_cases=[row for row in rows if row.because],
        variants=VARIANTS,
    )


def generated() -> Mapping[Path, str]:
    """Return the files of a checkout that are made from cases, faults and commands, and what should be in them."""
    cases, docs = suite.cases(), places.folder("conformance").parent / "docs"
    return {
        docs / "requirements.md": to_markdown(cases, rows()),
        docs / "detection.md": detection.page(cases),
        docs / "cli.md": manual.page(parser()),
    }
