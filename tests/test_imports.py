# SPDX-License-Identifier: MIT
"""Who knows whom in the package: the order of docs/design.md, without a circle; and what outsiders may import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_vfork

PACKAGE = Path(pytest_vfork.__file__).parent
# Each folder knows only those before it. `extending` is where all extensions come from.
ORDER = (
    "extending", "model", "templates", "building", "judging", "running", "records", "reporters", "plugin", "commands",
)  # fmt: skip


def imports(file: Path) -> Iterator[str]:
    """Yield the folders of the package that a module imports from, also inside functions."""
    at = file.relative_to(PACKAGE).parent.parts
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = at[: len(at) - node.level + 1]
            target = (*base, *(node.module.split(".") if node.module else ()))
            yield from (target[0],) if target else (alias.name for alias in node.names)


@pytest.mark.parametrize("folder", ORDER)
def test_a_folder_knows_only_those_before_it(folder: str) -> None:
    files = [PACKAGE / f"{folder}.py"] if folder == "extending" else sorted((PACKAGE / folder).rglob("*.py"))
    before = {*ORDER[: ORDER.index(folder) + 1], "__version__", "commands" if folder == "commands" else folder}
    known = {(str(file.relative_to(PACKAGE)), name) for file in files for name in imports(file)}
    assert {(file, name) for file, name in known if name not in before} == set()


def test_there_is_no_folder_beside_these() -> None:
    # in the wheel the templates and the suite lie beside them
    there = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("**/*.py"))}
    assert there - {"c_tests", "fixtures", "conformance"} == set(ORDER) - {"extending"}


@pytest.mark.parametrize("name", pytest_vfork.__all__)
def test_what_is_public_is_there(name: str) -> None:
    assert getattr(pytest_vfork, name).__name__ == name
    with pytest.raises(AttributeError):
        pytest_vfork.nobody  # noqa: B018 (the look-up is what is tested)
