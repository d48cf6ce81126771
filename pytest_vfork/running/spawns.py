# SPDX-License-Identifier: MIT
"""Which interposer sees the calls that a program makes to create processes: it logs them and passes them on."""

from __future__ import annotations

from dataclasses import replace

from ..model import Mode, Program, Spawn
from .interposers import Interposer, Settings
from .interposers.ptrace import Ptrace
from .interposers.shim import Shim
from .sites import Launch, Site

LOG = "{spawns}"


def logger(settings: Settings, name: str | None = None) -> Interposer:
    """Return the interposer that logs what a program spawns and changes nothing else: the shim, or ptrace if asked."""
    if name == "ptrace":
        return Ptrace(replace(settings, mode=Mode.NATIVE, given={}))
    return Shim(replace(settings, mode=Mode.REISSUE, given={}))


def observe_spawns(site: Site, by: Interposer, program: Program, deadline_s: float) -> tuple[Spawn, ...]:
    """Run the program once more, natively but for the log, and return what it asked for; raise InterposerError."""
    return site.run(Launch(program, by.boot(log=LOG), deadline_s)).spawns
