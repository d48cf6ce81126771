# SPDX-License-Identifier: MIT
"""What a site has of all that cases, workloads and tests stand on. Everything is found out by using it."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..building.builder import Builder, CompileError
from ..model import Boot, Observation, Program, describe_status
from ..model.errors import said
from ..templates.languages import LANGUAGES
from ..templates.needs import NEEDS, lacking
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


class Inventory:
    """What one site has: each thing is asked for once, under no interposer. A method returns why not, or None."""

    def __init__(self, site: Site, builder: Builder) -> None:
        self._site = site
        self._builder = builder
        self._known: dict[tuple[str, ...], str | None] = {}

    def lacks(self, needs: Iterable[str]) -> str | None:
        """Look for rows of templates/needs.py; raise build.CompileError."""
        wanted = tuple(needs)
        return lacking(wanted, self._there) if wanted else None

    def lacks_program(self, commands: Mapping[str, str]) -> str | None:
        """Run commands that must end well; each has the Debian packages that make it do so."""
        return next(filter(None, (self._try(command, packages) for command, packages in commands.items())), None)

    def lacks_language(self, suffix: str, options: Sequence[str]) -> str | None:
        """Make and start the least program of a language (templates/languages.py), with a workload's options."""
        key = (suffix, *options)
        if key not in self._known:
            self._known[key] = self._start(suffix, options)
        return self._known[key]

    @functools.cached_property
    def _there(self) -> frozenset[str]:
        return present(self._site, self._builder)

    def _try(self, command: str, packages: str) -> str | None:
        key = (command,)
        if key not in self._known:
            argv = tuple(shlex.split(command))
            seen = self._run(argv) if self._site.find(argv[0]) else None
            self._known[key] = None if seen and seen.status == 0 else self._say(argv[0], command, seen, packages)
        return self._known[key]

    def _start(self, suffix: str, options: Sequence[str]) -> str | None:
        language = LANGUAGES[suffix]
        try:
            made = language.start(self._builder, self._site.find, {f"probe.{suffix}": language.probe}, options)
        except (CompileError, OSError) as error:  # OSError: the compiler is not there at all
            why = said(error).strip().splitlines()[-1]
            return self._how(f"the least {language.name} program cannot be made ({why})", " ".join(language.packages))
        seen = self._run(made.argv) if self._site.find(made.argv[0]) else None
        if seen and seen.status == 0:
            return None
        what = f"the least {language.name} program"
        return self._say(made.argv[0], what, seen, " ".join(language.packages))

    def _run(self, argv: tuple[str, ...]) -> Observation:
        return self._site.run(Launch(Program(Path("probe"), argv), Boot(), _DEADLINE_S))

    def _say(self, executable: str, what: str, seen: Observation | None, packages: str) -> str:
        if seen is None:
            return self._how(f"{executable} is not on {self._site.name}", packages)
        said = (seen.stderr.strip() or seen.stdout.strip()).splitlines()
        status = describe_status(seen.status) if seen.status is not None else f"no end within {_DEADLINE_S:g} s"
        return self._how(f"{what} does not work on {self._site.name} ({said[0] if said else status})", packages)

    @staticmethod
    def _how(why: str, packages: str) -> str:
        return f"{why}: apt-get install {packages}" if packages else why
