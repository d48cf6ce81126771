# SPDX-License-Identifier: MIT
"""A short run of both fuzzers, and that they find what there is to be found; `tox run -e fuzz` is a long one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from fuzz import driver, grammar

from pytest_vfork.building.builder import CASE_FLAGS, Builder
from pytest_vfork.model import Mode
from pytest_vfork.running.interposers import Settings
from pytest_vfork.running.interposers.shim import Shim

SEED = 1
LACKS = 77
FOLDER = Path(__file__).parent
HOSTILE = FOLDER / "hostile" / "hostile.h"
LEFT_OVER = sorted((FOLDER / "fuzz" / "left_over").iterdir())


@pytest.mark.parametrize("mode", [Mode.REISSUE, Mode.EMULATE], ids=["reissue", "emulate"])
def test_random_calls_are_answered_as_by_the_kernel(builder: Builder, mode: Mode) -> None:
    found = driver.run_calls(driver.fuzzer("calls", builder, mode=mode), SEED, 10_000)
    assert "\n".join(str(difference) for difference in found if difference.steady) == ""


@pytest.mark.parametrize("mode", [Mode.REISSUE, Mode.EMULATE], ids=["reissue", "emulate"])
def test_random_programs_see_nothing_else(builder: Builder, mode: Mode) -> None:
    found = driver.run_programs(driver.fuzzer("programs", builder, mode=mode), SEED, 200)
    assert "\n".join(str(difference) for difference in found if difference.steady) == ""


@pytest.mark.parametrize(
    "fault",
    ["call-errno-lost", "nodefer-ignored", "clear-sighand-ignored", "alternate-stack-of-child-lost", "pidfd-missing"],
)
def test_a_fault_is_found_by_calls(builder: Builder, fault: str) -> None:
    found = driver.run_calls(driver.fuzzer("calls", builder, fault), SEED, 4_000, at_once=5)
    difference = next((difference for difference in found if difference.steady), None)
    assert difference is not None
    # shrunk: of the 200 calls of a block few are left
    assert 1 <= len(difference.native) - 1 <= 6, str(difference)


@pytest.mark.parametrize(
    "fault",
    [
        "memory-private",
        "mask-reset-at-exec",
        "parent-not-suspended",
        "handler-runs-during-wait",
        "descriptors-not-shared",
        "alternate-stack-of-parent-lost",
    ],
)
def test_a_fault_is_found_by_programs(builder: Builder, fault: str) -> None:
    found = driver.run_programs(driver.fuzzer("programs", builder, fault), SEED, 200)
    difference = next((difference for difference in found if difference.steady), None)
    assert difference is not None
    # shrunk: nothing can be left out
    assert len(difference.taken[0].split()) < 40, str(difference)


@pytest.mark.parametrize("file", LEFT_OVER, ids=[file.stem for file in LEFT_OVER])
def test_what_is_left_over_is_still_so(builder: Builder, file: Path) -> None:
    # listed in docs/emulation.md; what differs no more is to be taken out there, and out of what the fuzzers leave out
    source = file.read_text("utf-8").replace('#include "hostile.h"', HOSTILE.read_text("utf-8"))
    program = builder.c_program(file.name, source, (*CASE_FLAGS, "-O1", "-w"))
    environments = [{}, Shim(Settings(Mode.EMULATE, builder)).boot().env]
    native, shim = (
        subprocess.run(
            program.argv, env={**os.environ, **more}, capture_output=True, text=True, timeout=60, check=False
        )
        for more in environments
    )
    if native.returncode == LACKS:
        pytest.skip(native.stderr.strip())
    assert native.returncode == 0 and native.stdout != shim.stdout


def test_a_program_is_read_as_it_is_written() -> None:
    for at in range(100):
        program = grammar.Maker(f"{SEED}-{at}").program()
        assert grammar.read(grammar.text(program)) == program
