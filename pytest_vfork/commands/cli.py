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
from ..building.cache import CacheError

# What a shell answers when it cannot start a command (POSIX, "Exit Status for Commands").
USAGE, CANNOT_RUN, NOT_FOUND = 2, 126, 127
# What writing to standard output fails with: the reader went, the disk is full. A shell answers 128 + 13 for the first.
_NOBODY_READS = (errno.EPIPE, errno.ENOSPC)
_BY_SIGPIPE = 141

Commands = Any  # what argparse returns of add_subparsers(): it has no public name


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status (a command that `run` starts takes this process's place)."""
    arguments = parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal need not know every letter
    try:
        status = int(arguments.does(arguments))
        sys.stdout.flush()
    except CacheError as error:
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


def complain(text: str, status: int) -> int:
    """Print what is wrong and return the exit status."""
    print(f"pytest-vfork: {text}", file=sys.stderr)
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line, with every command."""
    parser = argparse.ArgumentParser(prog="pytest-vfork", description="Interpose the vfork family on Linux.")
    parser.add_argument("--version", action="version", version=f"pytest-vfork {__version__}")
    parser.add_argument("--vfork-cc", dest="cc", metavar="CMD", help="Use this C compiler.")
    subparsers = parser.add_subparsers(dest="what", required=True)
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda module: module.name):
        add_command = getattr(importlib.import_module(f"{commands.__name__}.{module.name}"), "add_command", None)
        if add_command:
            add_command(subparsers)
    return parser
