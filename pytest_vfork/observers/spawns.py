# SPDX-License-Identifier: MIT
"""Sees which calls a program makes to create processes: an interposer logs them and passes them on to the kernel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..interposers import Interposer, InterposerError, Settings, factories
from ..interposers.shim import Shim, why_not
from ..model import Mode, Program, Spawn
from ..sites import Launch, Site

LOG = "{spawns}"


def observer(settings: Settings, program: Program, name: str | None = None) -> Interposer:
    """Return the interposer that logs what a program spawns and changes nothing else.

    By default that is the shim, or ptrace for a program into which nothing can be preloaded. Raise InterposerError,
    with the reason, if there is none.
    """
    reason = why_not(Path(program.argv[0]))
    if name != "ptrace" and reason is None:
        return Shim(replace(settings, mode=Mode.REISSUE))
    if name == "shim":
        raise InterposerError(f"{reason}; --vfork-interposer=ptrace is for those")
    tracer = factories().get("ptrace")
    if tracer is None:
        raise InterposerError(f"{reason or name}; there is no ptrace interposer in this version")
    return tracer(replace(settings, mode=Mode.NATIVE))


def observe_spawns(site: Site, by: Interposer, program: Program, deadline_s: float) -> tuple[Spawn, ...]:
    """Run the program once more, natively but for the log, and return what it asked for; raise InterposerError."""
    return site.run(Launch(program, by.boot(log=LOG), deadline_s)).spawns
