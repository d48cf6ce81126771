# SPDX-License-Identifier: MIT
"""Where templates lie, ours and anybody's, and how a template is told from other files.

A folder of templates holds areas: `<area>/<sentence>.<language>.j2`, or `<area>/<sentence>/main.<language>.j2` for a
workload of several files. What begins with `_` is a part that others share. Ours are inside the installed package, or
beside it in a checkout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .languages import LANGUAGES

_PACKAGE = Path(__file__).parents[1]
IS_CHECKOUT = not (_PACKAGE / "c_tests").is_dir()
# A workload that is a folder: this file of it is started, and what lies beside it is rendered too.
MAIN = "main"
# A template that lies in none of the folders that we know has these among its first bytes.
_STARTS = ("/*---\n", "#---\n")
# What somebody took for that: after a byte order mark, an empty line, #! or with a space. Files of other projects that
# are called *.j2 may begin so, too, but not with an id.
BEGINNING = re.compile(r"\ufeff?(#!.*\n)?\s*(/\*|#)[ \t]*---[ \t]*$", re.MULTILINE)
_ID = ("\nid:", "\n# id:", "\n#id:")
_HEAD_BYTES = 4096


def folder(name: str) -> Path:
    """Return the folder `c_tests`, `fixtures` or `conformance`."""
    return (_PACKAGE.parent if IS_CHECKOUT else _PACKAGE) / name


def ours() -> tuple[Path, Path]:
    """Return our folders of templates: of cases, and of workloads."""
    return folder("c_tests"), folder("fixtures")


def templates(root: Path) -> Iterator[Path]:
    """Return the cases and workloads of a folder, in the order of their names."""
    found = sorted((*root.glob("*/*.j2"), *root.glob(f"*/*/{MAIN}.*.j2")))
    return (path for path in found if _is_in_place(path, root))


def is_template(path: Path, roots: Sequence[Path], *, is_named: bool = False) -> bool:
    """Say whether a file is a case or a workload, be it a wrong one.

    In one of these folders its place says it; elsewhere how it begins, or its name alone if the user named it.
    """
    if path.suffix != ".j2":
        return False
    root = next((root for root in roots if path.is_relative_to(root)), None)
    if root is not None:
        return _is_in_place(path, root)
    if path.name.startswith("_") or path.parent.name.startswith("_"):
        return False
    is_of_a_language = path.name.removesuffix(".j2").rpartition(".")[2] in LANGUAGES
    if is_named and is_of_a_language:
        return True
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:  # whoever reads it says why not
        return is_of_a_language
    has_id = any(mark in head for mark in _ID)
    if head.startswith(_STARTS):
        return is_of_a_language or has_id
    return is_of_a_language and has_id and bool(BEGINNING.match(head))


def id_of(template: Path) -> str:
    """Return the id that a template must have where it lies: <folder>/<sentence>."""
    sentence, area = template.name.split(".", 1)[0], template.parent
    if sentence == MAIN:
        sentence, area = area.name, area.parent
    return f"{area.name}/{sentence}"


def where_parts_lie(template: Path) -> tuple[Path, ...]:
    """Return the folders in which what a template extends and includes is looked for, its own before ours."""
    own = template.parents[2 if template.name.startswith(f"{MAIN}.") else 1]
    return tuple(dict.fromkeys((own, *ours())))


def _is_in_place(path: Path, root: Path) -> bool:
    place = path.relative_to(root).parts
    is_main = len(place) == 3 and place[2].startswith(f"{MAIN}.")
    return (len(place) == 2 or is_main) and not any(part.startswith("_") for part in place)
