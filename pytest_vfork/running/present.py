# SPDX-License-Identifier: MIT
"""What is there on a site, of all that a case may need (templates/needs.py): one C program that checks every row."""

from __future__ import annotations

from pathlib import Path

from ..building.builder import Builder
from ..model import Boot
from ..templates.needs import NEEDS
from .sites import Launch, Site

_DEADLINE_S = 60.0


def program() -> str:
    """Return the C source of the program that prints the names of what is there."""
    checks = (f'\tif ({need.check})\n\t\tputs("{need.name}");' for need in NEEDS.values())
    return Path(__file__).with_name("present.c").read_text("utf-8").replace("@CHECKS@", "\n".join(checks))


def present(site: Site, builder: Builder) -> frozenset[str]:
    """Run the checks on a site and return the names of what is there; raise build.CompileError."""
    seen = site.run(Launch(builder.c_program("needs.c", program()), Boot(), _DEADLINE_S))
    return frozenset(seen.stdout.split()) & frozenset(NEEDS)
