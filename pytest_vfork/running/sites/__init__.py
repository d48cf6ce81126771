# SPDX-License-Identifier: MIT
"""Where programs run. One file = one site; nothing outside a site may assume that a program runs on this kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ...model import Boot, Observation, Program


@dataclass(frozen=True)
class Launch:
    """What a site is asked to start.

    `{events}` in the program's argv stands for the event file that the site provides.
    """

    program: Program
    boot: Boot
    deadline_s: float
    env: Mapping[str, str] = field(default_factory=dict)


class Site(Protocol):
    """A place to run programs in."""

    name: str

    def describe(self) -> Mapping[str, str]:
        """Say what runs here: kernel (release), libc, machine."""

    def find(self, executable: str) -> str | None:
        """Return the path of an executable on this site, or None."""

    def run(self, launch: Launch) -> Observation:
        """Start the program under its interposer, wait until the deadline, then end and reap all that it started."""
