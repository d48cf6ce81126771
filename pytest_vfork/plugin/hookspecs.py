# SPDX-License-Identifier: MIT
"""What other packages may add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..running.interposers import Factory


@pytest.hookspec
def pytest_vfork_interposers() -> Mapping[str, Factory]:  # type: ignore[empty-body]
    """Return interposers by name, each a function from `interposers.Settings` to an `interposers.Interposer`."""
