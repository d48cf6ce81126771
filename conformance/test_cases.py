# SPDX-License-Identifier: MIT
"""Every requirement of the vfork family, made by every call that fits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_vfork import resources
from pytest_vfork.model import Case
from pytest_vfork.plugin import options_of
from pytest_vfork.result import Result
from pytest_vfork.session import Session


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each case and call."""
    wanted = options_of(metafunc.config).calls
    items = [(case, call) for case in resources.cases() for call in case.calls if call in wanted]
    metafunc.parametrize(("case", "call"), items, ids=[f"{case.id}:{call}" for case, call in items])


def test_case(case: Case, call: str, vfork_session: Session, vfork_verdict: Callable[[Result], None]) -> None:
    """The promise holds."""
    vfork_verdict(vfork_session.check_case(case, call))
