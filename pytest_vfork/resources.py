# SPDX-License-Identifier: MIT
"""Where the cases, workloads and expectations lie: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

from . import frontmatter
from .model import Case, Workload

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """Return the folder `c_tests`, `fixtures` or `conformance`."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


@functools.cache  # collecting asks, and so do the expectations
def cases() -> tuple[Case, ...]:
    """Read every case, in the order of their ids; raise FrontMatterError."""
    return tuple(frontmatter.read_case(path) for path in _templates(folder("c_tests")))


@functools.cache
def workloads() -> tuple[Workload, ...]:
    """Read every workload, in the order of their ids; raise FrontMatterError."""
    return tuple(frontmatter.read_workload(path) for path in _templates(folder("fixtures")))


def _templates(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.glob("*/*.j2")) if frontmatter.is_template(path))
