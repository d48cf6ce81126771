# SPDX-License-Identifier: MIT
"""Gathers the results where they all arrive, in the only process or in xdist's controller, and counts what is missing.

What a run should have seen is the whole suite, whatever was asked for, and all else that was collected. An item is
known by its template and its name, for ids of somebody else's folder may be ours.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from ..extending import class_name, is_built_in
from ..model import Level
from ..model.errors import said
from ..model.result import Result, Results
from .collection import is_ours
from .once import options_of

if TYPE_CHECKING:
    from ..reporters import Reporter
    from .options import Options

_Key = tuple[str, str]  # the path of a template, and the name of an item of it


class Controller:
    """Hands each result to the reporters, and tells them what it all came to when the run is over."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results: dict[_Key, Result] = {}
        self._selected: set[_Key] = set()
        self._why: dict[_Key, str] = {}  # items came to no result
        self._reporters: list[Reporter] | None = None
        self._said: list[str] = []
        self._unwritten: list[str] = []
        self._failed: list[str] = []  # reporters of somebody else's
        self._is_refused = False  # there is nothing that items could be run under, or in
        self._is_mistaken = False  # for somebody's class is made wrongly

    @pytest.hookimpl(tryfirst=True)  # before xdist starts workers
    def pytest_sessionstart(self) -> None:
        """See that programs can be kept and run here; take away what a run that was killed left half made."""
        if self._config.option.collectonly or not is_ours(self._config):
            return
        from ..building import own
        from ..building.cache import Cache, CacheError

        # What an ini file says is looked at when an item needs it: there may be none of ours in this run.
        is_asked_for = any(str(word).startswith("--vfork-") for word in self._config.invocation_params.args)
        if is_asked_for and all("popen" in spec for spec in self._config.getoption("tx", None) or ()):
            _check_here(options_of(self._config))
        try:
            cache, options = Cache.of_user(), options_of(self._config)
            options.interposer.check_cache(options.mode, cache.root)
            if options.site.name == "local":
                own.place_to_run()
            cache.sweep()
        except (CacheError, ValueError) as error:
            raise pytest.UsageError(f"vfork: {error}") from error
        except OSError as error:
            raise pytest.UsageError(f"vfork: the cache cannot be looked at: {error.strerror}") from error
        if self._config.getoption("dist", "no") != "no":
            _check_bytes(
                (str(cache.root), str(self._config.invocation_params.dir), *self._config.invocation_params.args)
            )

    def pytest_report_header(self) -> str | None:
        """Say what is run, under what and where; nothing in a run that is not ours."""
        if not is_ours(self._config):
            return None
        from .opening import introduce

        return introduce(options_of(self._config), len(_suite()))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """See what will be run; under xdist the workers say it."""
        self._select(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        """See what a worker has collected."""
        self._select(ids)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, None, None]:
        """Take a result off a report, and see what has none.

        What could not be booted is no failure of the item that found it: --lf shall not take it for one.
        """
        refused = getattr(report, "vfork_refused", False)
        self._is_refused |= refused
        self._is_mistaken |= getattr(report, "vfork_mistaken", False)
        failed = getattr(self._config.pluginmanager.get_plugin("lfplugin"), "lastfailed", {})
        before = dict(failed)
        self._take(report)  # before anybody shows it: what was shown is in the record
        yield
        if refused:
            failed.clear()
            failed.update(before)

    def _take(self, report: pytest.TestReport) -> None:
        key = self._key(report.nodeid)
        text = getattr(report, "vfork_result", None)
        if text is not None:
            self._results[key] = result = Result.from_json(json.loads(text))
            self._each("add", result)
        elif report.failed and report.when != "teardown":
            # xdist reports the item that a worker died of as of no phase
            self._why[key] = "in error" if report.when in ("setup", "call") else "lost with a worker"

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let each reporter end, with or without a terminal, and keep the cache within its bounds."""
        options = options_of(self._config)
        if self._is_refused and session.exitstatus == pytest.ExitCode.INTERRUPTED:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED  # as without xdist, whose workers end by interrupting it
        if self._is_mistaken:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if self._config.option.collectonly or not (self._selected or "record" in options.given):
            return
        results = Results(self._results.values(), self._missing())
        self._each("end", results, self._said.append)
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            if self._unwritten:
                session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
            elif self._failed:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._said += self._unwritten + self._failed
        if self._results:
            from ..building.cache import Cache, CacheError

            with suppress(CacheError, OSError):  # then it is not ours to keep small
                Cache.of_user().prune(every_s=3600)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
        """Show what the reporters had to say, after all that others write: the ladder is the last thing."""
        yield
        if self._said:
            options = options_of(self._config)
            what = f"mode {options.mode.value}" if options.interposer.modes else options.given.get("command", "")
            fault = f"fault {options.given['fault']}" if "fault" in options.given else ""
            title = ", ".join(filter(None, (options.interposer.name, what, fault)))
            terminalreporter.section(f"vfork conformance: {title}")
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
            why = self._why.get(key, "not reached") if key in self._selected else "deselected"
            missing.setdefault(why, []).append(level)
        return missing

    def _each(self, method: str, *what: object) -> None:
        """Tell each reporter; one that cannot go on ends there, and the others go on."""
        for reporter in tuple(self._begun()):
            if not self._tell(reporter, method, *what):
                self._begun().remove(reporter)

    def _tell(self, reporter: Reporter, method: str, *what: object) -> bool:
        """Say whether it can go on: the disk may be full, and it may be somebody else's code."""
        try:
            getattr(reporter, method)(*what)
        except OSError as error:
            self._unwritten.append(f"{reporter.name}: not written: {said(error)}")
        except Exception as error:
            self._note_failed(type(reporter), method, error)
        else:
            return True
        return False

    def _made(self, kind: type[Reporter], given: Mapping[str, str]) -> Reporter | None:
        try:
            return kind(given, self._config.invocation_params.dir)
        except Exception as error:
            self._note_failed(kind, "__init__", error)
            return None

    def _note_failed(self, kind: type[Reporter], method: str, error: Exception) -> None:
        if is_built_in(kind):
            raise error
        self._failed.append(f"{class_name(kind)}.{method}: {type(error).__name__}: {error}")

    def _begun(self) -> list[Reporter]:
        if self._reporters is None:
            from .opening import asked_reporters, describe_run

            options = options_of(self._config)
            run = describe_run(options)
            made = (self._made(kind, given) for kind, given in asked_reporters(options))
            self._reporters = [reporter for reporter in made if reporter and self._tell(reporter, "begin", run)]
        return self._reporters


def _check_here(options: Options) -> None:
    """See that the commands that the options name are on this machine; raise pytest.UsageError."""
    from ..building.toolchain import NoCompilerError, find_cc

    try:
        options.interposer.check_here(options.of(options.interposer))
        options.site.check_here(options.of(options.site))
        if options.cc:
            find_cc(options.cc)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    except NoCompilerError as error:
        raise pytest.UsageError(f"--vfork-cc: {error}") from error


def _check_bytes(texts: Iterable[object]) -> None:
    """Refuse what xdist cannot send to its workers, or they not back; raise pytest.UsageError."""
    for text in map(str, texts):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise pytest.UsageError(
                f"vfork: {text!a}: xdist sends no bytes that are not UTF-8: run without -n"
            ) from error


@functools.cache
def _suite() -> Mapping[_Key, Level]:
    """Return every item of the suite with its level; of a template that cannot be read, the one item that says so."""
    from ..templates import suite
    from .nodes import UNREADABLE, names_of

    items: dict[_Key, Level] = {}
    for path, subject in suite.everything().items():
        file = os.path.realpath(path)
        if subject is None:
            items[file, UNREADABLE] = Level.POSIX
        else:
            items.update(((file, name), subject.level) for name, _, _ in names_of(subject))
    return items
