# SPDX-License-Identifier: MIT
"""What pytest is told of us: options, markers, and the parts of the plugin.

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

import os

import pytest

from . import hookspecs
from .controller import Controller
from .once import prepare
from .options import add_options, are_given, list_faults

pytest_plugins = ("pytest_vfork.plugin.collection", "pytest_vfork.plugin.fixtures")
_MARKERS = (
    "vfork: a case or workload of the vfork conformance suite",
    "vfork_level(level): the level of the item: posix, suspends, shares or linux",
    "vfork_area(area): the folder of the item: signals, memory, python, ...",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare our options."""
    add_options(parser)


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
    prepare(config)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Controller(config), "vfork-controller")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Let `-n auto` mean two workers for each CPU in a run of the suite, whose programs wait for most of their time."""
    if not are_given(config) or "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return 2 * len(os.sched_getaffinity(0))
