# SPDX-License-Identifier: MIT
"""What a case needs of a site is looked for there, and what is missing is named."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_vfork.building.builder import Builder
from pytest_vfork.model import Observation, Program
from pytest_vfork.running.present import present
from pytest_vfork.running.sites import Launch
from pytest_vfork.running.sites.local import LocalSite
from pytest_vfork.templates import needs, places, suite


class Poor(LocalSite):
    """A site where even root has no capability."""

    def run(self, launch: Launch) -> Observation:
        argv = ("setpriv", "--bounding-set=-all", *launch.program.argv)
        return super().run(replace(launch, program=Program(launch.program.source, argv)))


def test_every_row_is_used_by_a_case_and_says_how_to_get_it() -> None:
    used = {need for case in suite.cases() for need in case.needs}
    assert used == set(needs.NEEDS)
    assert all(need.what and need.remedy for need in needs.NEEDS.values())


def test_what_is_there_is_found(builder: Builder) -> None:
    there = present(LocalSite(builder), builder)
    assert ("root" in there) == (os.geteuid() == 0)
    assert needs.lacking(there, there) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has capabilities to lose")
def test_what_is_not_there_is_named_with_a_way_to_get_it(builder: Builder) -> None:
    there = present(Poor(builder), builder)
    assert "root" not in there
    assert needs.lacking(("root",), there) == "it needs root, with its capabilities: run as root"


def test_a_case_that_needs_what_is_not_there_is_unsupported(tmp_path: Path) -> None:
    cases = str(places.folder("conformance") / "test_cases.py")
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "no:cacheprovider", "-rs", cases]
    command += ["-k", "copies/capabilities-are-a-copy:vfork"]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set=-all", *command]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert "it needs root, with its capabilities: run as root" in done.stdout
    assert "1 skipped" in done.stdout
