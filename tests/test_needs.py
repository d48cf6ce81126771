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
from pytest_vfork.judging.expectations import read_expectations
from pytest_vfork.model import CALLS, Observation, Program
from pytest_vfork.running.present import Inventory, present
from pytest_vfork.running.sites import Launch
from pytest_vfork.running.sites.local import LocalSite
from pytest_vfork.templates import needs, places, suite


class Poor(LocalSite):
    """A site where even root has no capability."""

    def run(self, launch: Launch) -> Observation:
        argv = ("setpriv", "--bounding-set=-all", *launch.program.argv)
        return super().run(replace(launch, program=Program(launch.program.source, argv)))


def test_every_row_is_used_and_says_how_to_get_it() -> None:
    used = {need for case in suite.cases() for need in case.needs}
    for file in (Path(__file__).parent.parent / "conformance/expectations").glob("*.toml"):
        used.update(need for known in read_expectations(file, suite.ids()) for need in known.without)
    used.update(needs.OF_ALL, *(needs.of_item((), call, makes_threads=True) for call in CALLS))
    assert used == set(needs.NEEDS)
    assert all(need.what and need.remedy for need in needs.NEEDS.values())


def test_what_is_there_is_found(builder: Builder) -> None:
    there = present(LocalSite(builder), builder)
    assert ("root" in there) == (os.geteuid() == 0)


@pytest.mark.needs("root", util_linux="setpriv --bounding-set=-all true")
def test_what_is_not_there_is_named_with_a_way_to_get_it(builder: Builder) -> None:
    there = present(Poor(builder), builder)
    assert "root" not in there
    assert needs.lacking(("root",), there) == "it needs root, with its capabilities: run as root"


def test_a_case_that_needs_what_is_not_there_is_unsupported(tmp_path: Path) -> None:
    cases = str(places.folder("c_tests") / "copies")
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "no:cacheprovider", "-rs", cases]
    command += ["-k", "copies/capabilities-are-a-copy:vfork"]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set=-all", *command]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert "it needs root, with its capabilities: run as root" in done.stdout
    assert "1 skipped" in done.stdout


def test_a_program_that_is_there_but_does_not_work_is_missing(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inventory.lacks_program({"sh -c true": "dash"}) is None
    assert inventory.lacks_program({"no-such-program --version": "none"}) == (
        "no-such-program is not on local: apt-get install none"
    )
    proxy = tmp_path / "rustc"  # as rustup's is, until there is a toolchain
    proxy.write_text("#!/bin/sh\necho 'error: no toolchain' >&2\nexit 1\n")
    proxy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert inventory.lacks_program({"rustc --version": "rustc"}) == (
        "rustc --version does not work on local (error: no toolchain): apt-get install rustc"
    )
    why = inventory.lacks_language("rs", ())
    assert why is not None
    assert "the least Rust program cannot be made (error: no toolchain): apt-get install rustc gcc" in why


def test_what_a_language_cannot_do_with_the_options_of_a_workload_is_missing(inventory: Inventory) -> None:
    assert inventory.lacks_language("c", ()) is None
    why = inventory.lacks_language("c", ("-no-such-flag-of-a-compiler",))
    assert why is not None and why.startswith("the least C program cannot be made")


@pytest.mark.needs("root", util_linux="setpriv --bounding-set=-all true")
@pytest.mark.parametrize(("prefix", "outcome"), [((), "passed"), (("setpriv", "--bounding-set=-all"), "xfailed")])
def test_a_deviation_of_the_unprivileged_is_expected_of_them_alone(
    tmp_path: Path, prefix: tuple[str, ...], outcome: str
) -> None:
    suite_file = str(places.folder("c_tests") / "copies")
    command = [*prefix, sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "no:cacheprovider", suite_file]
    command += ["--vfork-mode=emulate", "-k", "copies/no-new-privileges and :vfork"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert f"1 {outcome}" in done.stdout
