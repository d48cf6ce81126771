# SPDX-License-Identifier: MIT
"""Which interposer sees the calls that a program makes to create processes: it logs them and passes them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..model import Mode, Program, Spawn
from .interposers import Interposer, InterposerError, Settings
from .interposers.ptrace import Ptrace
from .interposers.shim import Shim
from .sites import Launch, Site

LOG = "{spawns}"


def logger(settings: Settings, started: Sequence[Program], name: str | None = None) -> Interposer:
    """Return the interposer that logs what these programs spawn and changes nothing else: `name`, or one that can.

    That is the shim, or ptrace if the shim refuses one of them. Raise InterposerError, with the reason, if there is
    none.
    """
    shim = Shim(replace(settings, mode=Mode.REISSUE, given={}))
    refusal = next(filter(None, map(shim.refuse, started)), None)
    if name != "ptrace" and refusal is None:
        return shim
    if name == "shim":
        raise InterposerError(str(refusal))
    return Ptrace(replace(settings, mode=Mode.NATIVE, given={}))


def observe_spawns(site: Site, by: Interposer, program: Program, deadline_s: float) -> tuple[Spawn, ...]:
    """Run the program once more, natively but for the log, and return what it asked for; raise InterposerError."""
    return site.run(Launch(program, by.boot(log=LOG), deadline_s)).spawns
