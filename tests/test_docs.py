# SPDX-License-Identifier: MIT
"""What the pages that are written by hand list is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_vfork.commands import cli
from pytest_vfork.commands.catalogue import manual
from pytest_vfork.extending import TAKEN
from pytest_vfork.model import CALLS
from pytest_vfork.plugin.options import CASES, SWITCHES, Kinds, own_options
from pytest_vfork.templates.variants import VARIANTS

DOCS = Path(__file__).parent.parent / "docs"


def test_using_tells_every_option_and_no_other() -> None:
    page = (DOCS / "using.md").read_text("utf-8").partition("## Outcomes")[0]
    told = set(re.findall(r"^\| `--vfork-([a-z-]+)", page, re.MULTILINE))
    every = {option.name for option in own_options()} | {o.name for kind in Kinds.found() for o in kind.options}
    assert told == every | {CASES.name, *SWITCHES}


def test_no_extension_can_take_an_option_of_the_plugin() -> None:
    assert {*TAKEN} == {option.name for option in own_options()} | {CASES.name, *SWITCHES, "log"}


def test_help_is_in_full_sentences() -> None:
    options = [*own_options(), CASES, *(option for kind in Kinds.found() for option in kind.options)]
    commands = list(manual.read(cli.parser()))
    told = [*SWITCHES.values(), *(option.help for option in options)]
    told += [text for command in commands for text in (command.what, command.description, command.status)]
    told += [option.meaning for command in commands for option in command.options]
    assert [text for text in told if not re.fullmatch(r"[A-Z].*\.", text)] == []


@pytest.mark.parametrize("page", ["using.md", "design.md"])
def test_a_page_tells_every_call(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    assert [call for call in CALLS if f"`{call}`" not in text] == []


def test_design_tells_every_variant() -> None:
    row = next(line for line in (DOCS / "design.md").read_text("utf-8").splitlines() if line.startswith("| variant |"))
    assert [variant for variant in VARIANTS if variant and f"`{variant}`" not in row] == []
