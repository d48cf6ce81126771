# SPDX-License-Identifier: MIT
"""Sees which calls a program makes to create processes: an interposer logs them and passes them on to the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..interposers import Interposer, InterposerError, Settings, factories
from ..interposers.shim import Shim, why_not
from ..model import Mode, Program, Spawn
from ..sites import Launch, Site

LOG = "{spawns}"


def observer(settings: Settings, executables: Sequence[str], name: str | None = None) -> Interposer:
    """Return the interposer that logs what programs spawn and changes nothing else: `name`, or the one that can.

    That is the shim, or ptrace if there is an executable into which nothing can be preloaded. Raise InterposerError,
    with the reason, if there is none.
    """
    reason = cannot_preload(executables)
    if name != "ptrace" and reason is None:
        return Shim(replace(settings, mode=Mode.REISSUE))
    if name == "shim":
        raise InterposerError(f"{reason}; --vfork-interposer=ptrace is for those")
    tracer = factories().get("ptrace")
    if tracer is None:
        raise InterposerError(f"{reason or name}; there is no ptrace interposer in this version")
    return tracer(replace(settings, mode=Mode.NATIVE))


def cannot_preload(executables: Sequence[str]) -> str | None:
    """Say which of these executables the shim cannot interpose, and why; None if there is none."""
    return next((reason for path in executables if (reason := why_not(Path(path)))), None)


def observe_spawns(site: Site, by: Interposer, program: Program, deadline_s: float) -> tuple[Spawn, ...]:
    """Run the program once more, natively but for the log, and return what it asked for; raise InterposerError."""
    return site.run(Launch(program, by.boot(log=LOG), deadline_s)).spawns
