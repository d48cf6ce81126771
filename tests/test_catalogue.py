# SPDX-License-Identifier: MIT
"""What is generated from the cases is fresh, and says all of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from pytest_vfork.commands import catalogue, cli
from pytest_vfork.templates import suite

CASES = suite.cases()


def test_what_is_generated_is_not_stale() -> None:
    for path, text in catalogue.generated().items():
        assert path.exists(), f"run: {catalogue.COMMAND}"
        assert path.read_text("utf-8") == text, f"{path} is stale; run: {catalogue.COMMAND}"


def test_the_catalogue_holds_every_case_with_sentence_and_source_apart() -> None:
    entries = json.loads(catalogue.to_json(CASES))["cases"]
    assert [entry["id"] for entry in entries] == sorted(case.id for case in CASES)
    model = next(entry for entry in entries if entry["id"] == "suspension/parent-waits-until-exec")
    assert model["spec"][0]["source"] == "vfork(2)"
    assert model["spec"][0]["sentence"].startswith('"the calling thread is suspended')
    assert set(model["calls"]) >= {"vfork", "clone3", "posix_spawn"}
    assert "fork" in model["fails_under"]


def test_the_page_has_one_anchor_for_each_case() -> None:
    page = catalogue.to_markdown(CASES, catalogue.rows())
    anchors = Counter(line.partition('<a id="')[2].partition('"')[0] for line in page.splitlines() if "<a id=" in line)
    assert anchors == Counter(case.id for case in CASES)


def test_each_requirement_that_was_collected_is_checked_or_reasoned_away() -> None:
    rows = catalogue.rows()
    known = {item.id for item in (*CASES, *suite.workloads())}
    assert [(row.name, id) for row in rows for id in row.ids if id not in known] == []
    assert [name for name, count in Counter(row.name for row in rows).items() if count > 1] == []
    assert all(row.ids or row.because.endswith(".") for row in rows)


def test_the_command_writes_what_is_stale_and_can_be_asked_to_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogue, "generated", lambda: {tmp_path / "file": "new\n"})
    assert cli.main(["catalogue", "--check"]) == 1
    assert "is stale; run: pytest-vfork catalogue" in capsys.readouterr().out
    assert cli.main(["catalogue"]) == 0
    assert (tmp_path / "file").read_text() == "new\n"
    assert cli.main(["catalogue", "--check"]) == 0
