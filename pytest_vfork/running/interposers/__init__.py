# SPDX-License-Identifier: MIT
"""What stands between a program and the kernel. One file = one interposer, found by being in this folder.

A module here has a function (or class) `interposer(settings)` that returns an Interposer; the module's name is the
interposer's. One that knows our modes has an attribute `modes` on it.
Other packages add theirs by the hook `pytest_vfork_interposers`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ...model import Boot, Mode, Observation, Program

if TYPE_CHECKING:
    from ...building.builder import Builder


class InterposerError(Exception):
    """The interposer cannot be booted; the message says why and what to do."""


class UnsupportedError(InterposerError):
    """This machine lacks what the interposer needs; the message says how to get it."""


@dataclass(frozen=True)
class Settings:
    """What an interposer is made from: the user's options and the builder (for those that are compiled here)."""

    mode: Mode
    command: tuple[str, ...]
    builder: Builder
    fault: str | None = None  # a name of faults.faults()


class Interposer(Protocol):
    """Puts something between a program and the kernel."""

    name: str

    @property
    def version(self) -> str:
        """Say which build of the interposer this is."""

    @property
    def logs_spawns(self) -> bool:
        """Whether `boot(log=...)` makes it log each spawn, in the very run that is judged."""

    def boot(self, log: str | None = None) -> Boot:
        """Return what to put around a program; raise InterposerError. `log` names a file for spawn lines."""

    def complain(self, probe: Observation) -> str | None:
        """Look at a run of `probe.c` under this interposer and say what is wrong with the interposition, or None."""


@runtime_checkable
class Choosy(Protocol):
    """An interposer that cannot take every program. Those that can need not say so."""

    def refuse(self, program: Program) -> str | None:
        """Say why this program cannot be interposed, and what can do it; None if it can."""


Factory = Callable[[Settings], Interposer]


def factories() -> Mapping[str, Factory]:
    """Return the interposers of this folder by name."""
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return {module.__name__.rpartition(".")[2]: module.interposer for module in modules}


def modes_of(name: str, more: Mapping[str, Factory]) -> tuple[Mode, ...]:
    """Return the modes of an interposer of this folder, or of `more`; an interposer of another kind has none."""
    factory = more[name] if name in more else importlib.import_module(f"{__name__}.{name}").interposer
    modes: tuple[Mode, ...] = getattr(factory, "modes", ())
    return modes


def probe(builder: Builder) -> Program:
    """Return the program that `Interposer.complain` looks at: it spawns, and writes what it sees of an interposer."""
    source = Path(__file__).with_name("probe.c").read_text("utf-8")
    program = builder.c_program("probe.c", source)
    return Program(program.source, (*program.argv, "{events}"))
