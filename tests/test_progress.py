# SPDX-License-Identifier: MIT
"""A run says how far it is and what it compiles, with and without xdist, and a run of other tests says nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.building.cache import Cache
from pytest_vfork.plugin import progress
from pytest_vfork.templates import suite

CASE = str(suite.folder("c_tests") / "suspension" / "parent-waits-until-exit.c.j2")
SOON = "import pytest_vfork.plugin.progress as progress\nprogress.FIRST_S = progress.EVERY_S = 0.0{}\n"


@pytest.mark.parametrize(("workers", "pause"), [((), ""), (("-n2",), "1")], ids=["alone", "xdist"])
def test_it_says_how_far_it_is(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, workers: tuple[str, ...], pause: str
) -> None:
    pytester.makeconftest(SOON.format(pause))
    result = run(*workers, CASE, "-k", "vfork", "-p", "conftest")
    result.stdout.fnmatch_lines(["vfork: * of * items after * s*"])


def test_tests_of_others_are_left_alone(run: Callable[..., pytest.RunResult], pytester: pytest.Pytester) -> None:
    pytester.makeconftest(SOON.format(""))
    pytester.makepyfile("def test_mine():\n    pass\n")
    assert "vfork: " not in run("test_tests_of_others_are_left_alone.py").stdout.str()


def test_what_is_being_made_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    seen: list[tuple[int, list[str]]] = []

    def make(folder: Path) -> None:
        (folder / "case.c").write_text("")
        seen.append(progress._look(0.0))

    Cache.of_user().get(("one",), make)
    assert seen == [(0, ["case.c"])]
    assert progress._look(0.0) == (1, [])
