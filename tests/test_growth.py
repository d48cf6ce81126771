# SPDX-License-Identifier: MIT
"""The shim keeps nothing of a spawn that is over: 100,000 of them, and a chain of execs, leave no trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_vfork.building.builder import Builder
from pytest_vfork.model import Mode, Program
from pytest_vfork.running.interposers import Settings
from pytest_vfork.running.interposers.shim import Shim
from pytest_vfork.running.sites import Launch
from pytest_vfork.running.sites.local import LocalSite

SOURCE = Path(__file__).with_name("growth.c")
SPAWNS = 100_000
EXECS = 50
# Pages that the program itself touches late (stdio, fault-around of libc); a leak of one byte a spawn is 98 KiB.
NOISE_KIB = 96


@pytest.mark.parametrize("mode", (Mode.REISSUE, Mode.EMULATE), ids=["reissue", "emulate"])
def test_spawns_and_execs_leave_nothing_behind(builder: Builder, mode: Mode) -> None:
    program = builder.c_program(SOURCE.name, SOURCE.read_text("utf-8"))
    argv = (*program.argv, str(SPAWNS), str(EXECS))
    seen = LocalSite(builder).run(Launch(Program(SOURCE, argv), Shim(Settings(mode, builder)).boot(), 300))
    assert (seen.status, seen.stderr, seen.left_behind) == (0, "", ()), seen
    samples = {line.split()[0]: dict(word.split("=") for word in line.split()[1:]) for line in seen.stdout.splitlines()}
    warm, end, chained = samples["warm"], samples["end"], samples["chained"]
    assert int(end["rss_kib"]) - int(warm["rss_kib"]) <= NOISE_KIB, samples
    for what in ("fds", "maps", "filters"):
        assert end[what] == warm[what], samples
    assert chained["filters"] == warm["filters"] and int(warm["filters"]) >= 1, samples
    assert chained["fds"] == warm["fds"], samples
