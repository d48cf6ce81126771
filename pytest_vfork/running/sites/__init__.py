# SPDX-License-Identifier: MIT
"""Where programs run. One file = one site; nothing outside a site may assume that a program runs on this kernel."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from ...extending import Extension, found
from ...model import Boot, Observation, Program

if TYPE_CHECKING:
    from ...building.builder import Builder


class SiteError(Exception):
    """The site cannot be reached, or was lost while a program ran; the message says why and what to do."""


@dataclass(frozen=True)
class Launch:
    """What a site is asked to start.

    `{events}` in the program's argv stands for the event file that the site provides.
    """

    program: Program
    boot: Boot
    deadline_s: float
    env: Mapping[str, str] = field(default_factory=dict)


class Site(Extension):
    """A place to run programs in. It is chosen as --vfork-site=NAME, or NAME:WHERE if `where` says what WHERE is.

    `given` holds the values of its `options` that were given, by name.
    """

    at_least = ("describe", "find", "run")
    where: ClassVar[str] = ""

    def __init__(self, builder: Builder, where: str = "", given: Mapping[str, str] | None = None) -> None:
        self.builder = builder
        self.given = given or {}
        self.place = where

    @classmethod
    def check(cls, where: str, given: Mapping[str, str]) -> None:
        """Check WHERE and options against each other; raise ValueError, which says what is wrong."""

    @property
    def machine(self) -> str:
        """The machine that programs are built for, as uname(2) has it; raise SiteError."""
        return platform.machine()

    def describe(self) -> Mapping[str, str]:
        """Say what runs here: site, kernel (release), libc, machine."""
        raise NotImplementedError(f"{type(self).__name__}.describe")

    def find(self, executable: str) -> str | None:
        """Return the path of an executable on this site, or None."""
        raise NotImplementedError(f"{type(self).__name__}.find")

    def refuse(self, program: Program) -> str | None:
        """Say why a program cannot be started here, None if it can."""
        return None

    def run(self, launch: Launch) -> Observation:
        """Start the program under its interposer, wait until the deadline, then end and reap all that it started.

        Raise SiteError.
        """
        raise NotImplementedError(f"{type(self).__name__}.run")

    def close(self) -> None:
        """Let go of what the site holds, when the session ends."""


def sites(more: Iterable[type] = ()) -> dict[str, type[Site]]:
    """Return every site by name: ours, those of installed packages, and `more`."""
    return found(Site, sys.modules[__name__], more)


def choose_site(named: str, kinds: Mapping[str, type[Site]]) -> tuple[type[Site], str]:
    """Read NAME or NAME:WHERE as a kind of site and its WHERE; raise ValueError, which says what there is."""
    name, _, where = named.partition(":")
    if name not in kinds:
        raise ValueError(f"{named!r} is not one of {', '.join(sorted(kinds))}")
    kind = kinds[name]
    if bool(where) and not kind.where:
        raise ValueError(f"{named!r}: {name} takes nothing after its name")
    return kind, where
