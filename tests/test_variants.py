# SPDX-License-Identifier: MIT
"""Other builds of a case's program: what they are made with, and how they come out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.building import render, toolchain
from pytest_vfork.building.builder import Builder
from pytest_vfork.building.cache import Cache
from pytest_vfork.building.toolchain import NoCompilerError
from pytest_vfork.judging.expectations import find_expectation, read_expectations
from pytest_vfork.model import Expectation, Outcome
from pytest_vfork.running.interposers._before import why_not
from pytest_vfork.templates import suite, variants

SUITE = ("--pyargs", "pytest_vfork.conformance")
CASE = next(case for case in suite.cases() if case.id == "suspension/parent-waits-until-exit")


def test_each_row_is_used_by_a_case() -> None:
    used = {variant for case in suite.cases() for variant in case.variants}
    assert used == set(variants.VARIANTS) - {""}


def test_the_static_one_is_static_and_the_others_are_not(builder: Builder) -> None:
    for call, variant in CASE.items:
        try:
            program = builder.case(CASE, call, variant)
        except NoCompilerError as error:
            pytest.skip(str(error))
        is_static = why_not(Path(program.argv[0])) is not None
        assert is_static == (variant == "static" or (variant == "musl" and "ziglang" in builder.command_of(variant))), (
            variant
        )


def test_the_thread_is_the_one_that_is_watched() -> None:
    source = render.render_case(CASE, "vfork", "thread")
    assert "pthread_create(&thread, NULL, parent_thread, NULL)" in source
    assert "watch(parent_tid);" in source
    assert "watch(parent_pid);" in render.render_case(CASE, "vfork")


def test_a_missing_compiler_is_named_with_a_way_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "cc"
    fake.write_text("#!/bin/sh\necho cannot find -lc >&2\nexit 1\n")
    fake.chmod(0o755)
    with pytest.raises(NoCompilerError, match=r"statically linked \(cannot find -lc\): apt-get install gcc libc6-dev"):
        Builder(Cache(tmp_path), (str(fake),)).command_of("static")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NoCompilerError, match="no compiler for musl: apt-get install musl-tools"):
        toolchain.compile_command("musl", ("cc",), environ={"PATH": str(tmp_path)})


def test_result_record_and_rerun_command_know_the_variant(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    wanted = f"{CASE.id}:vfork+O0"
    result = run(*SUITE, "-k", wanted, "--vfork-mode=fork", "--vfork-claim=linux", "--vfork-record=run.jsonl")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"{wanted}  DEVIATES FROM LINUX", f"  again:    pytest * -k '[[]{wanted}]'"])
    lines = [json.loads(line) for line in (pytester.path / "run.jsonl").read_text().splitlines()]
    told = [(line["call"], line["variant"]) for line in lines if line["kind"] in ("case", "verdict")]
    assert told == [("vfork", "O0")] * 2


@pytest.mark.needs(libc6_dev="cc -static -nostartfiles -o static -x c /dev/null")
def test_a_static_program_runs_under_the_shim(run: Callable[..., pytest.RunResult]) -> None:
    run(*SUITE, "-k", f"{CASE.id}:vfork+static", "--vfork-mode=emulate").assert_outcomes(passed=1)


def test_an_expectation_may_speak_of_one_build(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    text = f'[[expect]]\ncase = "{CASE.id}"\noutcome = "fail"\nreason = "r"\nlink = "l"\nvariants = ["musl"]\n'
    path.write_text(text)
    known = read_expectations(path, [CASE.id])
    assert known == (Expectation((CASE.id,), Outcome.FAIL, "r", "l", variants=("musl",)),)
    assert find_expectation(known, CASE.id, "vfork", "emulate", "musl") is known[0]
    assert find_expectation(known, CASE.id, "vfork", "emulate") is None
