# SPDX-License-Identifier: MIT
"""What a conftest.py or another plugin may add."""

from __future__ import annotations

from collections.abc import Iterable

import pytest


@pytest.hookspec
def pytest_vfork_extensions() -> Iterable[type]:  # type: ignore[empty-body]
    """Return classes derived from Interposer, Site, Observer or Reporter, to be chosen by their `name`."""
