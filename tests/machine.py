# SPDX-License-Identifier: MIT
"""Runs pytest on a machine that was made hostile: in mounts, under limits and filters, with a cache of its own."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_vfork.building.builder import Builder
from pytest_vfork.building.cache import Cache
from pytest_vfork.templates import places

DEADLINE_S = 120
CASE = places.folder("c_tests") / "suspension/parent-waits-until-exec.c.j2"
ITEM = f"{CASE}::vfork"
NATIVE, TRACER = ("--vfork-mode=native",), ("--vfork-interposer=ptrace",)
USAGE, ONE_ERROR, PASSES, SKIPS = 4, 1, 0, 0  # exit statuses
needs_shell = pytest.mark.needs(gcc="cc --version")


# A user that has no entry in passwd(5). It may read and search everything: Python may lie in root's home.
def stranger(uid: int = 54321) -> tuple[str, ...]:
    """Return what starts a command as a user who is nobody here; processes are counted by user, by other tests' too."""
    ids = (f"--reuid={uid}", f"--regid={uid}", "--clear-groups")
    return ("setpriv", *ids, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


STRANGER = stranger()
_ALWAYS = ("-q", "-rs", "--vfork-cc=cc")


def pytest_command(*arguments: str) -> list[str]:
    """The quick compiler is left out: where it lies in the cache is a part of what it makes."""
    return [
        sys.executable,
        "-m",
        "pytest",
        *_ALWAYS,
        *(() if "cacheprovider" in arguments else ("-p", "no:cacheprovider")),
        *arguments,
    ]


def warm_cache(to: Path) -> None:
    """Make a cache that has all that a run of CASE needs, in any mode; once for all tests of this user."""

    def make(folder: Path) -> None:
        for more in ("--vfork-mode=native", "--vfork-mode=emulate", "--vfork-interposer=ptrace"):
            subprocess.run(
                pytest_command(str(CASE), more),
                env={**os.environ, "XDG_CACHE_HOME": str(folder)},
                stdout=subprocess.DEVNULL,
                timeout=DEADLINE_S,
                check=True,
            )

    package = places.folder("pytest_vfork")
    sources = sorted(file for file in package.rglob("*") if file.suffix in (".py", ".c", ".h", ".S", ".def", ".j2"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in (*sources, CASE))).hexdigest()
    made = Cache.of_user().get(("a cache for tests", digest), make)
    shutil.copytree(made, to, symlinks=True)


@dataclass(frozen=True)
class Said:
    """What a user saw of one run."""

    status: int
    text: str

    @property
    def counted(self) -> str:
        """The last line, without the time."""
        return re.sub(r" in [\d.]+s.*", "", self.text.strip().splitlines()[-1]).strip("= ")


@dataclass
class Machine:
    """A folder with a cache and a folder for temporary files, in which pytest runs."""

    at: Path
    builder: Builder
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.at / "tmp").mkdir(mode=0o700, parents=True)
        warm_cache(self.at / "cache")
        for folder in (self.at, *self.at.parents[:2]):  # pytest closes its own to other users
            folder.chmod(0o755)

    def deny(self, error: int, *calls: str) -> tuple[str, ...]:
        """Return what starts a command for which system calls fail (deny.c)."""
        source = Path(__file__).with_name("deny.c").read_text("utf-8")
        return (*self.builder.c_program("deny.c", source).argv, str(error), *calls, "--")

    def run(
        self,
        *arguments: str,
        setup: str = "",
        wrap: Sequence[str] = (),
        env: Mapping[str, str | None] | None = None,
        item: str = ITEM,
    ) -> Said:
        """Run pytest; `setup` is done by a shell before, in mounts of its own, with $at for the folder."""
        here = {"XDG_CACHE_HOME": f"{self.at}/cache", "TMPDIR": f"{self.at}/tmp", "at": str(self.at), **(env or {})}
        together = {name: value for name, value in {**os.environ, **here}.items() if value is not None}
        command = [*wrap, *pytest_command(*(f"--basetemp={self.at}/base", item) if item else (), *arguments)]
        if setup:
            command = ["unshare", "-m", "sh", "-ec", f'{setup}\nexec "$@"', "sh", *command]
        done = subprocess.run(
            command, cwd=self.at, env=together, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE_S
        )
        said = Said(done.returncode, done.stdout.decode("utf-8", "backslashreplace"))
        assert not re.search(r"Traceback|INTERNALERROR", said.text), said.text
        return said

    def left(self) -> list[str]:
        """Return what lies in the folder for temporary files."""
        return [path.name for path in (self.at / "tmp").iterdir()]


def check(said: Said, status: int, says: str, counted: str = "") -> None:
    """Hold what a user saw against what is to be seen: no item fails."""
    print(said.text)
    assert re.search(says, said.text, re.MULTILINE), said.text
    assert said.status == status, said.text
    assert counted in said.counted, said.text
    assert "FAILED" not in said.text and " failed" not in said.counted, said.text
