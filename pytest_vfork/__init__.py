# SPDX-License-Identifier: MIT
"""Does a program that uses vfork still behave as it does on Linux? A conformance suite, and an interposer that passes.

What stands in `__all__` is for everybody to import; anything else is internal and may change. Names are loaded when
they are first asked for: pytest loads this package in every run.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .building.builder import Builder, CompileError
    from .extending import Extension, Option
    from .judging.expectations import ExpectationError
    from .model import (
        Boot,
        Case,
        Event,
        Expectation,
        Level,
        Mode,
        Observation,
        Outcome,
        Program,
        Spawn,
        ThreadState,
        Verdict,
        Workload,
    )
    from .model.result import Result
    from .reporters import Reporter
    from .running.interposers import Interposer, InterposerError, Settings, UnsupportedError
    from .running.observers import Observer
    from .running.session import BootedInterposer, Session
    from .running.sites import Launch, Site, SiteError
    from .templates.frontmatter import FrontMatterError

_HOMES = {
    "building.builder": ("Builder", "CompileError"),
    "extending": ("Extension", "Option"),
    "judging.expectations": ("ExpectationError",),
    "model": (
        "Boot", "Case", "Event", "Expectation", "Level", "Mode", "Observation", "Outcome", "Program", "Spawn",
        "ThreadState", "Verdict", "Workload",
    ),
    "model.result": ("Result",),
    "reporters": ("Reporter",),
    "running.interposers": ("Interposer", "InterposerError", "Settings", "UnsupportedError"),
    "running.observers": ("Observer",),
    "running.session": ("BootedInterposer", "Session"),
    "running.sites": ("Launch", "Site", "SiteError"),
    "templates.frontmatter": ("FrontMatterError",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Boot", "BootedInterposer", "Builder", "Case", "CompileError", "Event", "Expectation", "ExpectationError",
    "Extension", "FrontMatterError", "Interposer", "InterposerError", "Launch", "Level", "Mode", "Observation",
    "Observer", "Option", "Outcome", "Program", "Reporter", "Result", "Session", "Settings", "Site", "SiteError",
    "Spawn", "ThreadState", "UnsupportedError", "Verdict", "Workload",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
