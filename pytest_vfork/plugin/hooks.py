# SPDX-License-Identifier: MIT
"""pytest hooks only: options, markers, fixtures, and the way of results to the reporters.

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..extending import of_hooks
from ..model import Case, Observation, Outcome, Program, Workload
from ..model.result import Result
from ..reporters._failure import explain
from . import hookspecs
from .options import Kinds, Options, add_more, add_options, given_options, list_faults, read_options, rerun_flags

if TYPE_CHECKING:
    from ..reporters import Reporter
    from ..running.session import BootedInterposer, Session

_OPTIONS = pytest.StashKey[Options]()
_KINDS = pytest.StashKey[Kinds]()
_RESULT = pytest.StashKey[Result]()
_MARKERS = (
    "vfork: a case or workload of the vfork conformance suite",
    "vfork_level(level): the level of the item: posix, suspends, shares or linux",
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare our options, and later those of what a conftest.py brings."""
    add_options(parser)
    pluginmanager.register(_Latecomers(parser), "vfork-latecomers")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare our hooks."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Answer --vfork-list-faults, as pytest answers --markers."""
    if not config.option.vfork_list_faults:
        return None
    print("\n".join(list_faults()))
    return 0


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, register the markers, and let the controller gather results."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    config.stash[_OPTIONS] = read_options(config, _kinds(config))
    if not hasattr(config, "workerinput"):
        if config.stash[_OPTIONS].expectations:
            _check_expectations(config.stash[_OPTIONS])
        config.pluginmanager.register(_Controller(config), "vfork-controller")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Let `-n auto` mean two workers for each CPU in a run of the suite, whose programs wait for most of their time."""
    if not given_options(config, _kinds(config)) or "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return 2 * len(os.sched_getaffinity(0))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hang the result on the report, which carries it to the controller."""
    report = yield
    result = item.stash.get(_RESULT, None)
    if call.when == "call" and result:
        report.vfork_result = result.to_json()  # type: ignore[attr-defined]
    return report


class _Latecomers:
    """Declares the options of extensions that a conftest.py brings: pytest registers it before it reads options."""

    def __init__(self, parser: pytest.Parser) -> None:
        self._parser = parser

    def pytest_plugin_registered(self, plugin: object) -> None:
        """Look whether this plugin has extensions."""
        extensions = getattr(plugin, "pytest_vfork_extensions", None)
        if extensions and plugin is not hookspecs:
            with suppress(TypeError):  # pytest_configure says what is wrong
                add_more(self._parser, [option for kind in of_hooks([extensions()]) for option in kind.options])


def _kinds(config: pytest.Config) -> Kinds:
    if _KINDS not in config.stash:
        try:
            config.stash[_KINDS] = Kinds.found(of_hooks(config.hook.pytest_vfork_extensions()))
        except TypeError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[_KINDS]


class _Controller:
    """Gathers the results where they all arrive: in the only process, or in xdist's controller."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results: list[Result] = []
        self._reporters: list[Reporter] | None = None

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
        options = self._config.stash[_OPTIONS]
        if not self._results and "record" not in options.given:
            return
        what = f"mode {options.mode.value}" if options.interposer.modes else options.given.get("command", "")
        fault = f"fault {options.given['fault']}" if "fault" in options.given else ""
        terminalreporter.section(
            "vfork conformance: " + ", ".join(filter(None, (options.interposer.name, what, fault)))
        )
        for reporter in self._begun():
            reporter.end(self._results, terminalreporter.write_line)

    def pytest_sessionfinish(self) -> None:
        """Keep the cache within its bounds."""
        if self._results:
            from ..building.cache import Cache

            Cache.of_user().prune()

    def _begun(self) -> list[Reporter]:
        if self._reporters is None:
            from .opening import describe_run, make_reporters

            options = self._config.stash[_OPTIONS]
            run = describe_run(options)
            self._reporters = make_reporters(options, self._config.invocation_params.dir)
            for reporter in self._reporters:
                reporter.begin(run)
        return self._reporters


@pytest.fixture(scope="session")
def vfork_session(pytestconfig: pytest.Config) -> Iterator[Session]:
    """The booted session of this process; an error when the interposer does not boot or does not intercept."""
    from ..building.toolchain import NoCompilerError
    from ..running.interposers import InterposerError
    from ..running.sites import SiteError
    from .opening import open_session

    try:
        session = open_session(pytestconfig.stash[_OPTIONS])
    except (InterposerError, SiteError, NoCompilerError) as error:
        pytest.fail(f"vfork: {error}", pytrace=False)
    yield session
    session.close()


@pytest.fixture(scope="session")
def vfork_interposer(vfork_session: Session) -> BootedInterposer:
    """The interposer that the options name, booted and seen to intercept.

    It has `.name`, `.mode`, `.version` and `.run(program, *arguments, deadline_s=None) -> Observation`.
    """
    if vfork_session.unsupported:
        pytest.skip(vfork_session.unsupported)
    return vfork_session.booted


@pytest.fixture(scope="session")
def vfork_compile(vfork_session: Session) -> Callable[..., Program]:
    """Render and compile a C template: `vfork_compile(path_or_text, **values) -> Program`.

    A template may extend our own skeleton: `{% extends "_lib/case.c.j2" %}`, with `call`, `id`, `name`, `about` and
    `build` among the values. Equal inputs are compiled once. Raises CompileError.
    """
    from ..building.render import render_text

    def compile(template: Path | str, /, **values: object) -> Program:
        text = template.read_text("utf-8") if isinstance(template, Path) else template
        name = template.name.removesuffix(".j2") if isinstance(template, Path) else "program.c"
        return vfork_session.builder.c_program(name, render_text(text, values))

    return compile


@pytest.fixture(scope="session")
def vfork_run(vfork_interposer: BootedInterposer) -> Callable[..., Observation]:
    """Run a program under the interposer: `vfork_run(program, *arguments, deadline_s=None) -> Observation`.

    The observation holds the events that the program appended to the file `{events}` (so written among the
    arguments), its wait status (None when the deadline passed), output, what it left behind, and where its threads
    were at the deadline.
    """
    return vfork_interposer.run


@pytest.fixture(scope="session")
def vfork_case(vfork_session: Session) -> Callable[..., Result]:
    """Build, run and judge a case's template (CONTRIBUTING.md): `vfork_case(path, call, variant="") -> Result`.

    Raises frontmatter.FrontMatterError.
    """
    from ..templates.frontmatter import read_case

    return lambda template, call, variant="": vfork_session.check_case(read_case(template), call, variant)


@pytest.fixture(scope="session")
def vfork_workload(vfork_session: Session) -> Callable[[Path], Result]:
    """Build, run and judge a workload's template (CONTRIBUTING.md): `vfork_workload(path) -> Result`.

    Raises frontmatter.FrontMatterError.
    """
    from ..templates.frontmatter import read_workload

    return lambda template: vfork_session.check_workload(read_workload(template))


@pytest.fixture
def vfork_verdict(request: pytest.FixtureRequest) -> Callable[[Result], None]:
    """Turn a result into this test's outcome and hand it to the reporters: `vfork_verdict(result)`."""
    options = request.config.stash[_OPTIONS]

    def conclude(result: Result) -> None:
        request.node.stash[_RESULT] = result
        verdict = result.verdict
        if verdict.outcome is Outcome.UNSUPPORTED:
            pytest.skip(verdict.why)
        if verdict.outcome is Outcome.XFAIL:
            pytest.xfail(f"{verdict.why} ({result.link})")
        if verdict.outcome is Outcome.FAIL and result.level > options.claim:
            pytest.xfail(f"level {result.level.word}, above the claim {options.claim.word}: {verdict.why}")
        if verdict.outcome is not Outcome.PASS:
            pytest.fail(explain(result, _rerun(request.node, options)), pytrace=False)

    return conclude


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the items of the suite, so that `-m vfork` and `-m "vfork_level"` select them."""
    workloads = []
    for item in items:
        if "vfork_verdict" in getattr(item, "fixturenames", ()):
            item.add_marker("vfork")
            parameters = (
                item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
            )
            for subject in parameters:
                if isinstance(subject, Case | Workload):
                    item.add_marker(pytest.mark.vfork_level(subject.level.word))
                if isinstance(subject, Workload):
                    workloads.append(item)
    if hasattr(config, "workerinput"):
        _spread(workloads, items)


def _spread(slow: list[pytest.Item], items: list[pytest.Item]) -> None:
    """Spread the slow items over the first two thirds: with several at the end one worker would outlast the others."""
    places = {item: number / len(slow) * 2 / 3 for number, item in enumerate(slow)}
    places |= {item: number / len(items) for number, item in enumerate(items) if item not in places}
    items.sort(key=places.__getitem__)


def _check_expectations(options: Options) -> None:
    from ..judging.expectations import ExpectationError
    from .opening import known_deviations

    try:
        known_deviations(options)
    except ExpectationError as error:
        raise pytest.UsageError(str(error)) from error


def options_of(config: pytest.Config) -> Options:
    """Return the options of a session, checked."""
    return config.stash[_OPTIONS]


def _rerun(item: pytest.Item, options: Options) -> str:
    """Return the command that runs this item alone."""
    flags = rerun_flags(options)
    installed = Path(__file__).parents[1] / "conformance"
    if item.path.is_relative_to(installed):
        target = f"--pyargs {shlex.quote(f'pytest_vfork.conformance.{item.path.stem}::{item.name}')}"
    else:
        target = shlex.quote(item.nodeid)
    return " ".join(part for part in ("pytest", flags, target) if part)
