# SPDX-License-Identifier: MIT
"""Where programs run. One file = one site; nothing outside a site may assume that a program runs on this kernel.

A module here has a function `site(builder, argument, command)` that returns a Site: `--vfork-site=NAME:ARGUMENT`, and
`--vfork-site-command`, which may be empty.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ...model import Boot, Observation, Program

if TYPE_CHECKING:
    from ...building.builder import Builder


@dataclass(frozen=True)
class Launch:
    """What a site is asked to start.

    `{events}` in the program's argv stands for the event file that the site provides.
    """

    program: Program
    boot: Boot
    deadline_s: float
    env: Mapping[str, str] = field(default_factory=dict)


class SiteError(Exception):
    """A program did not run to its end for a reason that is the site's; the message says which."""


class Site(Protocol):
    """A place to run programs in."""

    name: str

    def describe(self) -> Mapping[str, str]:
        """Say what runs here: kernel (release), libc, machine."""

    def find(self, executable: str) -> str | None:
        """Return the path of an executable on this site, or None."""

    def refuse(self, program: Program) -> str | None:
        """Say why a program cannot be started here, None if it can."""

    def run(self, launch: Launch) -> Observation:
        """Start the program under its interposer, wait until the deadline, then end and reap all that it started.

        Raise SiteError.
        """

    def close(self) -> None:
        """End what the site has started."""


def names() -> tuple[str, ...]:
    """Return the sites of this folder."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def open_site(builder: Builder, name: str, command: str) -> Site:
    """Return a site by what the user calls it, NAME or NAME:ARGUMENT."""
    kind, _, argument = name.partition(":")
    made: Site = importlib.import_module(f"{__name__}.{kind}").site(builder, argument, command)
    return made
