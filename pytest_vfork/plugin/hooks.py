# SPDX-License-Identifier: MIT
"""What pytest is told of us: options, markers, and the parts of the plugin.

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from ..extending import ExtensionError, of_hooks
from . import collection, fixtures, hookspecs
from .controller import Controller
from .once import ids_of, kinds_of, options_of
from .options import add_more, add_options, given_options, list_faults
from .progress import Progress

_MARKERS = (
    "vfork: a case or workload of the vfork conformance suite",
    "vfork_level(level): the level of the item: posix, suspends, shares or linux",
    "vfork_area(area): the folder of the item: signals, memory, python, ...",
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Bring in the parts of the plugin; declare our options, and later those of what a conftest.py brings."""
    for part in (collection, fixtures):
        pluginmanager.register(part, part.__name__)
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
    options = options_of(config)
    if not hasattr(config, "workerinput"):
        if options.expectations:
            _check_expectations(config)
        if any(options.of(kind) for kind in options.kinds.reporters.values()):
            from .opening import check_outputs

            check_outputs(options, config.invocation_params.dir)
        if config.getoption("dist", "no") == "each" and collection.is_ours(config):
            raise pytest.UsageError(
                "--dist each: a record is of one run of the suite. Run it on each machine with a --vfork-record of its "
                "own, and put them side by side: pytest-vfork report A.jsonl B.jsonl"
            )
        config.pluginmanager.register(Controller(config), "vfork-controller")
        config.pluginmanager.register(Progress(config), "vfork-progress")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Let `-n auto` mean two workers for each CPU in a run of the suite, whose programs wait for most of their time."""
    if not given_options(config, kinds_of(config)) or "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return 2 * len(os.sched_getaffinity(0))


class _Latecomers:
    """Declares the options of extensions that a conftest.py brings: pytest registers it before it reads options."""

    def __init__(self, parser: pytest.Parser) -> None:
        self._parser = parser

    def pytest_plugin_registered(self, plugin: object) -> None:
        """Look whether this plugin has extensions."""
        extensions = getattr(plugin, "pytest_vfork_extensions", None)
        if extensions and plugin is not hookspecs:
            with suppress(ExtensionError):  # pytest_configure says what is wrong
                add_more(self._parser, [option for kind in of_hooks([extensions()]) for option in kind.options])


def _check_expectations(config: pytest.Config) -> None:
    from ..judging.expectations import ExpectationError
    from .opening import known_deviations

    try:
        known_deviations(options_of(config), ids_of(config))
    except ExpectationError as error:
        raise pytest.UsageError(str(error)) from error
