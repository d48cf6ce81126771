# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import browser
import pytest
from machine import Machine

from pytest_vfork.building.builder import Builder
from pytest_vfork.building.cache import Cache
from pytest_vfork.building.toolchain import find_cc
from pytest_vfork.model import Case, Level
from pytest_vfork.running.present import Inventory
from pytest_vfork.running.sites.local import LocalSite
from pytest_vfork.templates.rules import parse_expect, parse_never, parse_order

pytest_plugins = ["pytester"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "needs(*names, **programs): rows of templates/needs.py, and commands that must end well, each by the Debian "
        "packages that make it do so, `needs('root', strace='strace -V')`; without them the test is skipped",
    )
    config.addinivalue_line("markers", "browser: chromium and playwright, or the test is skipped")


@pytest.fixture(scope="session")
def inventory(builder: Builder) -> Inventory:
    return Inventory(LocalSite(builder), builder)


@pytest.fixture(autouse=True)
def skip_without_what_it_needs(request: pytest.FixtureRequest) -> None:
    for mark in request.node.iter_markers("needs"):
        here: Inventory = request.getfixturevalue("inventory")
        programs = {command: package.replace("_", "-") for package, command in mark.kwargs.items()}
        if why := here.lacks(mark.args) or here.lacks_program(programs):
            pytest.skip(why)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    why = browser.lacking() if any(item.get_closest_marker("browser") for item in items) else ""
    for item in items:
        if why and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def home() -> str:
    return os.environ["HOME"]


@pytest.fixture
def run(home: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Run pytest in a subprocess, at home: with the user's cache, so that we compile once, and rustup."""
    monkeypatch.setenv("HOME", home)
    # hypothesis' plugin imports all of it into every pytest that has it: a quarter of what a start takes
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest")
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):  # what runs in these tests is not the job
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config -p no:cacheprovider\n")
    return lambda *arguments: pytester.runpytest_subprocess("-c", "tox.ini", *arguments, timeout=500)


@pytest.fixture
def heeds_sigint() -> Iterator[None]:
    """What is begun in the background of a script ignores SIGINT, and so does all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def builder() -> Builder:
    return Builder(Cache.of_user(), find_cc(None))


@pytest.fixture
def machine(tmp_path: Path, builder: Builder) -> Machine:
    return Machine(tmp_path, builder)


@pytest.fixture
def static_image(tmp_path: Path, builder: Builder) -> Path:
    """An executable into which nothing can be preloaded."""
    source, image = tmp_path / "static.c", tmp_path / "static"
    source.write_text("int main(void) { return 0; }\n")
    # zig links statically against musl only
    cc = [part.replace("linux-gnu", "linux-musl") for part in builder.cc]
    subprocess.run([*cc, "-static", "-o", str(image), str(source)], check=True, timeout=300)
    return image


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """A case with the rules given, and nothing else of interest."""

    def make(order: tuple[str, ...] = (), expect: tuple[str, ...] = (), never: tuple[str, ...] = ()) -> Case:
        rules = (*map(parse_order, order), *map(parse_expect, expect), *map(parse_never, never))
        return Case("area/rule", Level.SUSPENDS, "spec", "do", "it holds", ("vfork",), rules, frozenset(), Path("none"))

    return make
