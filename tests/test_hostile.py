# SPDX-License-Identifier: MIT
"""Programs written against the shim, one file of hostile/ each, see under it what they see without it.

Each prints what it found and says 77 with a reason if this machine does not let it try.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.building.builder import CASE_FLAGS, Builder
from pytest_vfork.model import Mode
from pytest_vfork.running.interposers import Settings
from pytest_vfork.running.interposers.shim import Shim

FOLDER = Path(__file__).parent / "hostile"
PROGRAMS = [file for file in sorted(FOLDER.iterdir()) if file.suffix in (".c", ".cc")]
DEADLINE_S = 120
LACKS = 77

Run = Callable[[Path, Mode], subprocess.CompletedProcess[str]]


@pytest.fixture
def run(builder: Builder) -> Run:
    def one(file: Path, mode: Mode) -> subprocess.CompletedProcess[str]:
        source = file.read_text("utf-8").replace('#include "hostile.h"', (FOLDER / "hostile.h").read_text("utf-8"))
        compiler, flags = builder, ("-O1", "-w", "-pthread")
        if file.suffix == ".cc":
            if not shutil.which("g++"):
                pytest.skip("g++ is not here: apt-get install g++")
            compiler = Builder(builder.cache, ("g++",))
        else:
            flags = (*CASE_FLAGS, *flags)
        program = compiler.c_program(file.name, source, flags)
        environment = {**os.environ, **Shim(Settings(mode, builder)).boot().env}
        return subprocess.run(
            program.argv, env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )

    return one


@pytest.mark.parametrize("mode", [Mode.REISSUE, Mode.EMULATE], ids=["reissue", "emulate"])
@pytest.mark.parametrize("file", PROGRAMS, ids=[file.stem for file in PROGRAMS])
def test_a_hostile_program_sees_nothing_else(run: Run, file: Path, mode: Mode) -> None:
    native = run(file, Mode.NATIVE)
    if native.returncode == LACKS:
        pytest.skip(native.stderr.strip())
    assert (native.returncode, native.stderr) == (0, "")
    seen = run(file, mode)
    assert (seen.stdout, seen.stderr, seen.returncode) == (native.stdout, "", 0)
