# SPDX-License-Identifier: MIT
"""`pytest-vfork export`: writes cases as programs that judge themselves, for machines without Python."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from ...model import CALLS
from ..cli import USAGE, Commands, complain
from .profiles import PROFILES
from .targets import TARGETS

_SHOWN = 5


def add_command(commands: Commands) -> None:
    """Declare the command."""
    export = commands.add_parser(
        "export",
        help="Write cases as C programs that judge themselves, for machines without Python.",
        description=(
            "Writes C sources, a manifest and run.sh; each program prints KTAP, and exits with 0 (held), 1 "
            "(broke), 4 (skipped) or 99 (the test itself did not work). docs/downstream.md shows how to use "
            "them."
        ),
        epilog=(
            "Exit status: 0: written. 2: an item that is asked for cannot be exported, or the folder cannot be used."
        ),
    )
    export.add_argument(
        "folder", metavar="DIR", type=Path, help="Write to this folder, which is empty, or an export to renew."
    )
    export.add_argument(
        "--static", action="store_true", help="Make static programs too (musl, by zig), an init and an initramfs."
    )
    export.add_argument(
        "--target",
        choices=TARGETS,
        default="x86_64",
        help="Write them for this machine, whose assembler is in the sources (default: x86_64).",
    )
    export.add_argument("--calls", metavar="LIST", default="", help="Export only these calls, separated by commas.")
    export.add_argument(
        "--profile",
        choices=PROFILES,
        default="all",
        help="Export all, or some 40 items that need little of a kernel (default: all).",
    )
    export.add_argument(
        "-k", dest="word", metavar="WORD", default="", help="Export only items with this word in their names."
    )
    export.set_defaults(does=_export)


def _export(arguments: argparse.Namespace) -> int:
    from ...building.toolchain import NoCompilerError
    from ...templates import suite
    from .write import ExportError, Wanted, write

    calls = tuple(arguments.calls.split(",")) if arguments.calls else ()
    unknown = [call for call in calls if call not in CALLS]
    if unknown:
        return complain(f"--calls: {', '.join(map(repr, unknown))}: want some of {', '.join(CALLS)}", USAGE)
    wanted = Wanted(arguments.target, arguments.static, calls, arguments.profile, arguments.word)
    try:
        count, out = write(arguments.folder, suite.cases(), wanted)
    except OSError as error:
        return complain(f"export: {error.filename}: {error.strerror}", USAGE)
    except (ExportError, NoCompilerError) as error:
        return complain(f"export: {error}", USAGE)
    print(f"{count} items in {arguments.folder}: run.sh runs them" + (", init too" if arguments.static else ""))
    for why, number in Counter(item.why_not for item in out).most_common(_SHOWN):
        print(f"left out: {number}, {why}")
    return 0
