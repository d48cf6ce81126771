# SPDX-License-Identifier: MIT
"""What most interposers are: a command before the program. A class derived from this says which."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from ...model import Boot, Observation, Program
from . import Interposer, UnsupportedError

_ASKING_S = 30
_VERSION = re.compile(r"\d+(\.\d+)+[-+~.\w]*")


class Before(Interposer):
    """An interposer that is a command before the program.

    `executable` is looked for on PATH, unless the environment names another (VFORK_<NAME>); `arguments` stand between
    it and the program, and `env` is added to the environment. `package` says how to get it. `asking` are the arguments
    upon which it tells its version, none if it has none for that. One that is preloaded, or that loads what it runs,
    cannot take static programs (`takes_static`).
    """

    executable: ClassVar[str]
    arguments: ClassVar[tuple[str, ...]] = ()
    env: ClassVar[Mapping[str, str]] = MappingProxyType({})
    package: ClassVar[str]
    asking: ClassVar[tuple[str, ...]] = ("--version",)
    takes_static: ClassVar[bool] = True

    @classmethod
    def variable(cls) -> str:
        """Return the environment variable that names another executable than the one on PATH."""
        return f"VFORK_{re.sub('[^A-Z0-9]', '_', cls.name.upper())}"

    def find(self) -> str:
        """Return the path of the executable; raise UnsupportedError, which says how to get it."""
        named = os.environ.get(self.variable())
        path = shutil.which(named or self.executable)
        if path:
            return path
        if named:
            raise UnsupportedError(f"{self.variable()}: no such program: {named}")
        raise UnsupportedError(f"{self.executable} is not on PATH: {self.package}")

    @cached_property
    def version(self) -> str:
        """What it says of itself, in one word."""
        try:
            found_at = self.find()
        except UnsupportedError:
            return "not installed"
        found = _VERSION.search(_ask([found_at, *self.asking])) if self.asking else None
        return found[0].rstrip(".") if found else "of no version"

    def boot(self, log: str | None = None) -> Boot:
        """Return the command as prefix; raise UnsupportedError."""
        return Boot((self.find(), *self.arguments), self.env)

    def refuse(self, program: Program) -> str | None:
        """Refuse a static executable where it could not be interposed."""
        return None if self.takes_static else why_not(Path(program.argv[0]))

    def complain(self, probe: Observation) -> str | None:
        """Say what this interposer needs if no program comes through it at all."""
        complaint = super().complain(probe)
        return f"{self.name} {self.version}: {complaint}" if complaint else None


def _ask(command: list[str]) -> str:
    """Return what a program writes, whatever it ends with: several tell their version only as an error."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ASKING_S,
            check=False,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def why_not(executable: Path) -> str | None:
    """Say why nothing can be preloaded into an executable, or None: without PT_INTERP (elf(5)) there is no ld.so."""
    with open(executable, "rb") as file:
        header = file.read(64)
        if header[:5] != b"\x7fELF\x02":
            return None
        start, size, count = (int.from_bytes(header[a:b], "little") for a, b in ((32, 40), (54, 56), (56, 58)))
        file.seek(start)
        table = file.read(size * count)
    kinds = {int.from_bytes(table[at : at + 4], "little") for at in range(0, len(table), max(size, 1))}
    return None if 3 in kinds else f"{executable} is a static executable, into which nothing can be preloaded"
