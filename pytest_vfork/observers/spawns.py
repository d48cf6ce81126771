# SPDX-License-Identifier: MIT
"""Sees which calls a program makes to create processes: the shim logs them and passes them on to the kernel."""

from __future__ import annotations

from dataclasses import replace

from ..interposers import Settings
from ..interposers.shim import Shim
from ..model import Mode, Program, Spawn
from ..sites import Launch, Site

LOG = "{spawns}"


def observe_spawns(site: Site, settings: Settings, program: Program, deadline_s: float) -> tuple[Spawn, ...]:
    """Run the program once more, natively but for the log, and return what it asked for; raise InterposerError."""
    boot = Shim(replace(settings, mode=Mode.REISSUE)).boot(log=LOG)
    return site.run(Launch(program, boot, deadline_s)).spawns
