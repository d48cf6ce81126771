# SPDX-License-Identifier: MIT
"""Puts the parts of a session together."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .. import __version__
from ..building.builder import Builder
from ..building.cache import Cache
from ..building.toolchain import find_cc
from ..plugin.options import Options
from .interposers import Factory, Interposer, Settings, factories
from .session import Session
from .sites import open_site


def open_session(options: Options, more: Mapping[str, Factory], seed: int) -> Session:
    """Boot the interposer that the options name; raise InterposerError or NoCompilerError."""
    settings = Settings(options.mode, options.command, Builder(Cache.of_user(), find_cc(options.cc)), options.fault)
    site = open_site(settings.builder, options.site, options.site_command)
    return Session(options, settings, make_interposer(options.interposer, settings, more), site, seed)


def make_interposer(name: str, settings: Settings, more: Mapping[str, Factory]) -> Interposer:
    """Make an interposer of ours or of another package by its name."""
    return {**factories(), **more}[name](settings)


def describe_run(options: Options, more: Mapping[str, Factory], seed: int) -> dict[str, Any]:
    """Return the facts of a run that stand at the head of every report."""
    settings = Settings(options.mode, options.command, Builder(Cache.of_user(), ()), options.fault)
    return {
        "pytest_vfork": __version__,
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "interposer": options.interposer,
        "interposer_version": make_interposer(options.interposer, settings, more).version,
        "mode": options.mode_word or None,
        "fault": options.fault,
        "claim": options.claim.word,
        "calls": list(options.calls),
        "deadline_s": options.deadline_s,
        "seed": seed,
        **open_site(settings.builder, options.site, options.site_command).describe(),
    }
