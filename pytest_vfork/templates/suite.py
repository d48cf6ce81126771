# SPDX-License-Identifier: MIT
"""Every case and workload of ours, read."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from ..model import Case, Workload
from . import frontmatter, places
from .places import folder


@functools.cache
def cases() -> tuple[Case, ...]:
    """Read every case, in the order of their ids; raise FrontMatterError."""
    return tuple(frontmatter.read_case(path) for path in places.templates(folder("c_tests")))


@functools.cache
def workloads() -> tuple[Workload, ...]:
    """Read every workload, in the order of their ids; raise FrontMatterError."""
    found = (frontmatter.read_workload(path) for path in places.templates(folder("fixtures")))
    return tuple(sorted(found, key=lambda workload: workload.id))


@functools.cache
def everything() -> Mapping[Path, Case | Workload | None]:
    """Read every template of ours; one that cannot be read is None, and keeps no other from being read."""
    found: dict[Path, Case | Workload | None] = {}
    for path in (path for root in places.ours() for path in places.templates(root)):
        try:
            found[path] = frontmatter.read(path)
        except frontmatter.FrontMatterError:
            found[path] = None
    return found


def ids(*more: Path) -> tuple[str, ...]:
    """Return the ids of all cases and workloads, ours and those of other folders: their places say them."""
    return tuple(places.id_of(path) for root in (*places.ours(), *more) for path in places.templates(root))
