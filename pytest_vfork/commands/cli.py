# SPDX-License-Identifier: MIT
"""The console command `pytest-vfork`. One file (or folder) here = one command, found by its `add_command(commands)`.

That declares the command's options and sets `does`, a function from what argparse read to the exit status. What a
command needs is imported when it runs, not before.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import __version__, commands
from ..building.cache import CacheError, RefusedError
from ..extending import ExtensionError
from ..model.words import words
from ..running.sites import SiteError

# What a shell answers when it cannot start a command (POSIX, "Exit Status for Commands").
USAGE, CANNOT_RUN, NOT_FOUND = 2, 126, 127
# What writing to standard output fails with: the reader went, the disk is full. A shell answers 128 + 13 for the first.
_NOBODY_READS = (errno.EPIPE, errno.ENOSPC)
_BY_SIGPIPE = 141

Commands = Any  # what argparse returns of add_subparsers(): it has no public name


class Parser(argparse.ArgumentParser):
    """Takes what stands after `--` for `rest`, where a command sets that, whatever stands before it.

    argparse gives a positional that may be empty what stands beside the one before it, and no more
    (bugs.python.org/issue15112).
    """

    rest = ""  # the name of a positional
    rest_is = ""  # what it holds

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse what stands before."""
        if not self.rest:
            return super().parse_known_args(args, namespace)
        given = list(sys.argv[1:] if args is None else args)
        end = given.index("--") if "--" in given else len(given)
        known, unknown = super().parse_known_args(given[:end], namespace)
        if wrong := [*getattr(known, self.rest), *unknown]:
            self.error(f"unrecognized arguments: {' '.join(wrong)} ({self.rest_is} come after --)")
        setattr(known, self.rest, given[end + 1 :])
        return known, []


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status (a command that `run` starts takes this process's place)."""
    try:
        arguments = parser().parse_args(argv)
    except ExtensionError as error:  # of a package that is installed
        return complain(str(error), USAGE)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal need not know every letter
    try:
        if arguments.cc:
            words(arguments.cc, "--vfork-cc")
    except ValueError as error:
        return complain(str(error), USAGE)
    try:
        status = int(arguments.does(arguments))
        sys.stdout.flush()
    except (CacheError, RefusedError, SiteError) as error:
        return complain(str(error), USAGE)
    except OSError as error:
        if error.errno not in _NOBODY_READS:
            raise
        # what is left in the buffer would fail once more at the end (docs.python.org, "Note on SIGPIPE")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BY_SIGPIPE if error.errno == errno.EPIPE else complain(f"standard output: {error.strerror}", USAGE)
    return status


def deliver(text: str, path: str | Path | None, command: str) -> int:
    """Write a text to a file, or to the terminal if there is no path; return the exit status."""
    if path is None:
        print(text, end="")
        return 0
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        return complain(f"{command}: {path}: {error.strerror}", USAGE)
    print(f"written: {path}")
    return 0


def cannot_write(path: str | Path) -> str:
    """Say why a file cannot be written, nothing if it can: before what takes its time is done in vain."""
    is_new = not os.path.lexists(path)
    try:  # a pipe that nobody reads is not waited for
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o666))
        if is_new:
            Path(path).unlink()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def complain(text: str, status: int) -> int:
    """Print what is wrong and return the exit status."""
    print(f"pytest-vfork: {text}", file=sys.stderr)
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line, with every command."""
    parser = Parser(prog="pytest-vfork", description="Interpose the vfork family on Linux.")
    parser.add_argument("--version", action="version", version=f"pytest-vfork {__version__}")
    parser.add_argument("--vfork-cc", dest="cc", metavar="CMD", help="Use this C compiler.")
    subparsers = parser.add_subparsers(dest="what", required=True)
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda module: module.name):
        add_command = getattr(importlib.import_module(f"{commands.__name__}.{module.name}"), "add_command", None)
        if add_command:
            add_command(subparsers)
    return parser
