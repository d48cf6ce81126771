# SPDX-License-Identifier: MIT
"""The console command `pytest-vfork`. One file (or folder) here = one command, found by its `add_command(commands)`.

That declares the command's options and sets `does`, a function from what argparse read to the exit status. What a
command needs is imported when it runs, not before.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any

from .. import __version__, commands

# What a shell answers when it cannot start a command (POSIX, "Exit Status for Commands").
USAGE, CANNOT_RUN, NOT_FOUND = 2, 126, 127

Commands = Any  # what argparse returns of add_subparsers(): it has no public name


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status (a command that `run` starts takes this process's place)."""
    arguments = _parser().parse_args(argv)
    return int(arguments.does(arguments))


def complain(text: str, status: int) -> int:
    """Print what is wrong and return the exit status."""
    print(f"pytest-vfork: {text}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pytest-vfork", description="Interpose the vfork family on Linux.")
    parser.add_argument("--version", action="version", version=f"pytest-vfork {__version__}")
    parser.add_argument("--vfork-cc", dest="cc", metavar="CMD", help="the C compiler")
    subparsers = parser.add_subparsers(dest="what", required=True)
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda module: module.name):
        add_command = getattr(importlib.import_module(f"{commands.__name__}.{module.name}"), "add_command", None)
        if add_command:
            add_command(subparsers)
    return parser
