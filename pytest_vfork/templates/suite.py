# SPDX-License-Identifier: MIT
"""The suite: every case and every workload."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

from ..model import Case, Workload
from . import frontmatter
from .places import folder


@functools.cache  # collecting asks, and so do the expectations
def cases() -> tuple[Case, ...]:
    """Read every case, in the order of their ids; raise FrontMatterError."""
    return tuple(frontmatter.read_case(path) for path in _templates(folder("c_tests"), "*/*.j2"))


@functools.cache
def workloads() -> tuple[Workload, ...]:
    """Read every workload, in the order of their ids; raise FrontMatterError."""
    mains = f"*/*/{frontmatter.MAIN}.*.j2"
    found = (frontmatter.read_workload(path) for path in _templates(folder("fixtures"), "*/*.j2", mains))
    return tuple(sorted(found, key=lambda workload: workload.id))


def ids() -> tuple[str, ...]:
    """Return the ids of every case and workload."""
    return (*(case.id for case in cases()), *(workload.id for workload in workloads()))


def _templates(root: Path, *patterns: str) -> Iterator[Path]:
    found = sorted(path for pattern in patterns for path in root.glob(pattern))
    return (path for path in found if frontmatter.is_template(path))
