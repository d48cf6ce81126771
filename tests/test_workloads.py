# SPDX-License-Identifier: MIT
"""The workloads as a whole: what is generated from them is fresh, and what users rely on is asserted by several."""

from __future__ import annotations

import re

from pytest_vfork.commands import workloads as page
from pytest_vfork.model import ASSERTIONS
from pytest_vfork.templates import languages, places, suite

WORKLOADS = suite.workloads()
DOCS = places.folder("fixtures").parent / "docs" / "workloads.md"


def test_the_page_of_workloads_is_not_stale() -> None:
    text = DOCS.read_text("utf-8")
    versions = page.read_versions(text)
    assert text == page.render(WORKLOADS, versions), f"run: {page.COMMAND}"
    assert all(version for version in versions.values())


def test_other_versions_make_no_page_stale() -> None:
    versions = dict.fromkeys(page.ask_versions(WORKLOADS), "9.9")
    text = page.render(WORKLOADS, versions)
    assert page.read_versions(text) == versions
    assert text != page.render(WORKLOADS, {**versions, next(iter(versions)): "9.8"})


def test_each_assertion_is_made_by_several_programs() -> None:
    for assertion in ASSERTIONS:
        programs = {workload.id.partition("/")[0] for workload in WORKLOADS if assertion in workload.asserts}
        assert len(programs) >= 3, f"{assertion}: only {programs}"


def test_those_that_do_not_vfork_must_be_seen_not_to() -> None:
    for program in ("bash", "git", "perl", "tor"):
        found = [workload for workload in WORKLOADS if workload.id.startswith(f"{program}/")]
        assert found and all(f"{program} family" in workload.never_seen for workload in found), program


def test_a_program_tells_its_version() -> None:
    assert languages.version(("sh", "-c", "echo make 4.3-4.1 built for x; exit 3")) == "4.3-4.1"
    assert languages.version(("no-such-program", "--version")) == ""


def test_the_gate_installs_what_they_need() -> None:
    gate = (places.folder("fixtures").parent / ".ci" / "run").read_text("utf-8")
    packages = {package for workload in WORKLOADS for package in languages.packages(workload)}
    assert packages <= set(re.findall(r"[\w.+-]+", gate))


def test_every_language_is_used() -> None:
    assert {workload.language for workload in WORKLOADS} == set(languages.LANGUAGES)
