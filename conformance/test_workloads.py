# SPDX-License-Identifier: MIT
"""Real programs that spawn: they do what they do on Linux, and are seen to take the path that they are here for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_vfork.model import Workload
from pytest_vfork.model.result import Result
from pytest_vfork.running.session import Session
from pytest_vfork.templates import suite


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each workload."""
    items = suite.workloads()
    metafunc.parametrize("workload", items, ids=[workload.id for workload in items])


def test_workload(workload: Workload, vfork_session: Session, vfork_verdict: Callable[[Result], None]) -> None:
    """The program works."""
    vfork_verdict(vfork_session.check_workload(workload))
