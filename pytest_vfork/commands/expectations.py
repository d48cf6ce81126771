# SPDX-License-Identifier: MIT
"""`pytest-vfork expectations`: known deviations as the lists that other projects' runners read, and back."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..judging import lists
from ..judging.deviations import Item, to_toml
from ..judging.expectations import ExpectationError, read_expectations
from ..model import Expectation, Mode
from ..templates import suite
from .cli import USAGE, Commands, complain


def add_command(commands: Commands) -> None:
    """Declare the command."""
    convert = commands.add_parser(
        "expectations",
        help="Write known deviations as another project's list, or read one.",
        description="Converts between our files of expectations and the skip lists of LTP, FEX and gtest.",
        epilog="Exit status: 0: done. 2: the file cannot be read, or the list cannot say what it should.",
    )
    styles = "; ".join(f"{name}: {style.what}" for name, style in lists.FORMATS.items())
    convert.add_argument("file", metavar="FILE", type=Path, help="A file of expectations, or with --from a list.")
    convert.add_argument(
        "--to", choices=list(lists.FORMATS), metavar="STYLE", help=f"Write this kind of list ({styles})."
    )
    convert.add_argument(
        "--from",
        choices=list(lists.FORMATS),
        metavar="STYLE",
        dest="style",
        help="Read this kind of list, and write expectations.",
    )
    convert.add_argument(
        "--reasons",
        metavar="FILE.toml",
        type=Path,
        help="With --from: take the reasons from this file of expectations.",
    )
    convert.add_argument(
        "--vfork-mode",
        dest="mode",
        choices=[mode.value for mode in Mode],
        default="",
        help="Take the expectations of this mode (default: those of every mode).",
    )
    convert.set_defaults(does=_convert)


def _convert(arguments: argparse.Namespace) -> int:
    if bool(arguments.to) is bool(arguments.style):
        both = ", not both" if arguments.to else ""
        return complain(f"expectations: want --to or --from{both}", USAGE)
    try:
        known = arguments.file if arguments.to else arguments.reasons
        old = read_expectations(known, suite.ids(), allows_unexplained=True) if known else ()
        if arguments.to:
            print(lists.write(old, _items(), arguments.mode, arguments.to), end="")
        else:
            new = _read(arguments.file, arguments.mode, arguments.style, old)
            print(to_toml(new, f"From {arguments.file.name} ({lists.FORMATS[arguments.style].what})."), end="")
    except (ExpectationError, lists.ListError) as error:
        return complain(f"expectations: {error}", USAGE)
    return 0


def _read(file: Path, mode: str, style: str, old: Sequence[Expectation]) -> tuple[Expectation, ...]:
    """Read a list; raise ListError, which names the file."""
    try:
        return lists.read(file.read_text("utf-8"), _items(), mode, style, old)
    except OSError as error:
        raise lists.ListError(f"{file}: {error.strerror}") from error
    except (UnicodeDecodeError, lists.ListError) as error:
        raise lists.ListError(f"{file}: {error}") from error


def _items() -> list[Item]:
    cases = [(case.id, *item) for case in suite.cases() for item in case.items]
    return [*cases, *((workload.id, "", "") for workload in suite.workloads())]
