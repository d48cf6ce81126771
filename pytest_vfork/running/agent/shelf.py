# SPDX-License-Identifier: MIT
"""What of this machine is put where an agent is, at the same path: programs of ours, and a few of the system's."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ..kernels import elf
from .client import Client

# What shells and workloads start; and what is one program and its libraries, and so can be taken along.
TOOLS = (
    "sh", "basename", "cat", "cmp", "cp", "cut", "date", "dd", "dirname", "echo", "env", "expr", "false", "find",
    "grep", "head", "id", "kill", "ln", "ls", "mkdir", "mkfifo", "mktemp", "mv", "od", "printenv", "printf", "ps",
    "pwd", "readlink", "rm", "sed", "seq", "sleep", "sort", "stat", "stty", "tac", "tail", "tee", "test", "timeout",
    "touch", "tr", "true", "tty", "uname", "uniq", "wc", "xargs", "yes",
)  # fmt: skip
PORTABLE = frozenset((*TOOLS, "bash", "busybox", "dash", "strace", "setsid"))


class Shelf:
    """Knows what has been put; `folder` is that of the things that we built, `machine` the one that they run on."""

    def __init__(self, folder: Path, machine: str) -> None:
        self._folder = folder
        self._built = re.compile(re.escape(str(folder)) + r"/[0-9a-f]{32}/[^\s:,=]+")
        self._machine = machine
        self._there: set[Path] = set()
        self._libraries = elf.Libraries()

    def clear(self) -> None:
        """Forget: nothing is there."""
        self._there.clear()

    def refuse(self, word: str) -> str | None:
        """Say why what a command line begins with cannot be put; None if it can."""
        path = Path(shutil.which(word) or word)
        if self._built.fullmatch(str(path)):
            return None
        program = elf.read(path.resolve()) if path.name in PORTABLE and path.is_file() else None
        if program and program.machine == self._machine:
            return None
        if program:
            return f"{path.name} is a program for {program.machine}, and the guest is {self._machine}"
        return f"{path.name} is more than one program and its libraries: it is not put into a guest"

    def put_for(self, client: Client, word: str) -> None:
        """Put what a word of a command line or of an environment names."""
        for path in map(Path, self._built.findall(word)):
            if path.is_file():
                self._put(client, path)
                if elf.read(path) is None:  # a script: what lies beside it belongs to it
                    for beside in path.parent.iterdir():
                        self._put(client, beside)
        if word.startswith("/") and Path(word).is_file() and self.refuse(word) is None:
            self._put(client, Path(word))

    def put_below(self, client: Client, word: str, folder: str) -> str:
        """Put what a word names below a folder there, and return the word as it is to be said there."""
        built = str(self._folder)
        for path in map(Path, self._built.findall(word)):
            is_script = path.is_file() and elf.read(path) is None
            for file in (path, *(path.parent.iterdir() if is_script else ())):
                if file not in self._there and file.is_file():
                    self._there.add(file)
                    client.put(str(file).replace(built, folder, 1), file.stat().st_mode & 0o7777, file.read_bytes())
        return re.sub(re.escape(built) + r"(?=/[0-9a-f]{32}/)", lambda _: folder, word)

    def put_tools(self, client: Client) -> None:
        """Put what shells start, where this machine's programs run."""
        for path in map(shutil.which, TOOLS):
            if path and self.refuse(path) is None:
                self._put(client, Path(path))

    def _put(self, client: Client, path: Path) -> None:
        if path in self._there or not path.is_file():
            return
        self._there.add(path)
        for library in self._libraries.of(path):
            self._put(client, library)
            if library.name == "libc.so.6":  # glibc opens it by its name when a thread is cancelled first
                self._put(client, library.with_name("libgcc_s.so.1"))
        client.put(str(path), path.stat().st_mode & 0o7777, path.read_bytes())
