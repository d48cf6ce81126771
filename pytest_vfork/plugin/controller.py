# SPDX-License-Identifier: MIT
"""Gathers the results where they all arrive, in the only process or in xdist's controller, and counts what is missing.

What a run should have seen is the whole suite, whatever was asked for, and all else that was collected. An item is
known by its template and its name, for ids of somebody else's folder may be ours.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from ..model import Level
from ..model.result import Result
from ..templates import places
from .once import factories_of, options_of, seed_of

if TYPE_CHECKING:
    from ..reporters import Reporter

_Key = tuple[str, str]  # the path of a template, and the name of an item of it


class Controller:
    """Hands each result to the reporters, and tells them what it all came to when the run is over."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results: dict[_Key, Result] = {}
        self._selected: set[_Key] = set()
        self._in_error: set[_Key] = set()
        self._reporters: list[Reporter] | None = None
        self._said: list[str] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give every xdist worker the same seed."""
        node.workerinput["vfork_seed"] = seed_of(self._config)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """See what will be run; under xdist the workers say it."""
        self._select(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        """See what a worker has collected."""
        self._select(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a result off a report, and see what has none."""
        key = self._key(report.nodeid)
        plain = getattr(report, "vfork_result", None)
        if plain is not None:
            self._results[key] = result = Result.from_json(plain)
            for reporter in self._begun():
                reporter.add(result)
        elif report.failed and report.when in ("setup", "call") and key in self._selected:
            self._in_error.add(key)

    def pytest_sessionfinish(self) -> None:
        """Let each reporter end, with or without a terminal, and keep the cache within its bounds."""
        options = options_of(self._config)
        if self._config.option.collectonly or not (self._selected or options.record):
            return
        from ..judging.ladder import ladder

        summary = ladder(self._results.values(), self._missing())
        for reporter in self._begun():
            reporter.end(summary, self._said.append)
        if self._results:
            from ..building.cache import Cache

            Cache.of_user().prune()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
        """Show what the reporters had to say, after all that others write: the ladder is the last thing."""
        yield
        if self._said:
            options = options_of(self._config)
            what = f"mode {options.mode_word}" if options.modes else " ".join(options.command)
            fault = f"fault {options.fault}" if options.fault else ""
            terminalreporter.section("vfork conformance: " + ", ".join(filter(None, (options.interposer, what, fault))))
            for line in self._said:
                terminalreporter.write_line(line)

    def _select(self, nodeids: Iterable[str]) -> None:
        self._selected.update(key for key in map(self._key, nodeids) if key[0].endswith(".j2"))

    def _key(self, nodeid: str) -> _Key:
        path, _, name = nodeid.partition("::")
        return os.path.realpath(self._config.rootpath / path), name

    def _missing(self) -> Mapping[str, list[Level]]:
        """Return the levels of what came to no result, by why it did not."""
        whole = {**dict.fromkeys(self._selected, Level.POSIX), **_suite()}
        lacking = {key: level for key, level in whole.items() if key not in self._results}
        missing: dict[str, list[Level]] = {}
        for key, level in lacking.items():
            if key not in self._selected:
                why = "deselected"
            elif key in self._in_error:
                why = "in error"
            else:
                why = "not finished"
            missing.setdefault(why, []).append(level)
        return missing

    def _begun(self) -> list[Reporter]:
        if self._reporters is None:
            from ..reporters import reporters
            from ..running.run import describe_run

            options = options_of(self._config)
            run = describe_run(options, factories_of(self._config), seed_of(self._config))
            self._reporters = reporters(options)
            for reporter in self._reporters:
                reporter.begin(run)
        return self._reporters
