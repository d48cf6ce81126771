# SPDX-License-Identifier: MIT
"""Gathers the results where they all arrive: in the only process, or in xdist's controller."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from ..model.result import Result
from .once import factories_of, options_of, seed_of

if TYPE_CHECKING:
    from ..reporters import Reporter


class Controller:
    """Hands each result to the reporters, and all of them when the run is over."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results: list[Result] = []
        self._reporters: list[Reporter] | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give every xdist worker the same seed."""
        node.workerinput["vfork_seed"] = seed_of(self._config)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a result off a report."""
        plain = getattr(report, "vfork_result", None)
        if plain is not None:
            result = Result.from_json(plain)
            self._results.append(result)
            for reporter in self._begun():
                reporter.add(result)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
        """Let each reporter end, after all that others write: the ladder is the last thing."""
        yield
        options = options_of(self._config)
        if not self._results and options.record is None:
            return
        what = f"mode {options.mode_word}" if options.modes else " ".join(options.command)
        fault = f"fault {options.fault}" if options.fault else ""
        terminalreporter.section("vfork conformance: " + ", ".join(filter(None, (options.interposer, what, fault))))
        for reporter in self._begun():
            reporter.end(self._results, terminalreporter.write_line)

    def pytest_sessionfinish(self) -> None:
        """Keep the cache within its bounds."""
        if self._results:
            from ..building.cache import Cache

            Cache.of_user().prune()

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
