# SPDX-License-Identifier: MIT
"""Every requirement of the vfork family, made by every call that fits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_vfork.model import Case, item_name
from pytest_vfork.model.result import Result
from pytest_vfork.plugin.hooks import options_of
from pytest_vfork.running.session import Session
from pytest_vfork.templates import suite


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each case and call, and for each variant of them."""
    wanted = options_of(metafunc.config).calls
    items = [(case, *item) for case in suite.cases() for item in case.items if item[0] in wanted]
    names = [item_name(case.id, call, variant) for case, call, variant in items]
    metafunc.parametrize(("case", "call", "variant"), items, ids=names)


def test_case(
    case: Case, call: str, variant: str, vfork_session: Session, vfork_verdict: Callable[[Result], None]
) -> None:
    """The promise holds."""
    vfork_verdict(vfork_session.check_case(case, call, variant))
