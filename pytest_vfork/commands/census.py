# SPDX-License-Identifier: MIT
"""`pytest-vfork census -- CMD`: run a command, then say what processes it made, and by which calls."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..building.builder import Builder
from ..building.cache import Cache
from ..building.toolchain import NoCompilerError, find_cc
from ..judging.events import parse_refusals, parse_spawns
from ..model import Mode, Refusal, Spawn
from ..model.census import Wanted, table, tally, to_json, verdict
from ..model.errors import said
from ..running.interposers import InterposerError, Settings
from ..running.spawns import logger
from .cli import CANNOT_RUN, NOT_FOUND, USAGE, Commands, cannot_write, complain
from .run import environment

_NOT_AS_EXPECTED = 3


def add_command(commands: Commands) -> None:
    """Declare the command."""
    census = commands.add_parser(
        "census",
        help="Run a command and say by which calls it made processes.",
        description=(
            "Prints a line for each program and call that made processes, and how often, once the command has "
            "ended: pytest-vfork census -- make -j8 is an example."
        ),
        epilog=(
            "Exit status: that of the command. 2: a bad option. 3: the command succeeded, but what was expected "
            "was not seen. 127: no such command."
        ),
    )
    census.add_argument(
        "--vfork-interposer",
        dest="interposer",
        choices=["shim", "ptrace"],
        help="Let this one look on (default: shim).",
    )
    census.add_argument("--json", metavar="FILE", help="Write the census to this file, as JSON.")
    census.add_argument(
        "--expect", action="append", default=[], metavar="PATTERN",
        help="Want this to be seen: 'make clone3-stack >= 1', 'never fork'; may be repeated.",
    )  # fmt: skip
    census.add_argument("program", nargs="+", metavar="CMD", help="The command and its arguments, after --.")
    census.set_defaults(does=_census)


@dataclass(frozen=True)
class Census:
    """What a command did: its exit status as Popen tells it, and what was logged by which interposer."""

    status: int
    spawns: tuple[Spawn, ...]
    refused: tuple[Refusal, ...]
    interposer: str


def count(command: Sequence[str], interposer: str | None, cc: str | None) -> Census:
    """Run a command, with our own stdin, stdout and stderr, and read the log of its spawns.

    Processes that it leaves behind are no longer counted once it has ended. Raise InterposerError or NoCompilerError
    if nothing can see into it, FileNotFoundError if it is not there.
    """
    path = shutil.which(command[0])
    if path is None:
        raise FileNotFoundError(command[0])
    # ptrace needs no compiler.
    settings = Settings(Mode.REISSUE, Builder(Cache.of_user(), () if interposer == "ptrace" else find_cc(cc)))
    by = logger(settings, interposer)
    with tempfile.TemporaryDirectory(prefix="pytest-vfork-") as folder:
        log = Path(folder) / "spawns"
        log.touch()
        boot = by.boot(str(log))
        with subprocess.Popen(boot.wrap((path, *command[1:])), env=environment(boot)) as process:
            status = _wait(process)
        text = log.read_text("utf-8", "replace")
    return Census(status, parse_spawns(text), parse_refusals(text), by.name)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait as system(3) does: what the terminal sends is for the command to take, and for us to outlive."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def report(census: Census) -> str:
    """Return what a person reads: the table, what was lost sight of, and the answer."""
    rows = tally(census.spawns)
    lines = ["", f"vfork census, by {census.interposer}:", table(rows) if rows else "no process or thread was made"]
    for exe, why in dict.fromkeys((refusal.exe, refusal.why) for refusal in census.refused):
        lines.append(f"NOT RUN: {exe} {why}; count it with --vfork-interposer=ptrace")
    return "\n".join([*lines, verdict(rows, census.refused)])


def _census(arguments: argparse.Namespace) -> int:
    """Count, print to standard error, which leaves standard output to the command, and end as the command did."""
    try:
        wanted = [Wanted.parse(text) for text in arguments.expect]
    except ValueError as error:
        return complain(f"census: --expect: {error}", USAGE)
    if arguments.json and (why := cannot_write(arguments.json)):
        return complain(f"census: --json: {arguments.json}: {why}", USAGE)
    try:
        census = count(arguments.program, arguments.interposer, arguments.cc)
    except FileNotFoundError as error:
        return complain(f"{error}: not found", NOT_FOUND)
    except (InterposerError, NoCompilerError, OSError) as error:
        return complain(said(error), CANNOT_RUN)
    print(report(census), file=sys.stderr, flush=True)
    broken = [complaint for one in wanted if (complaint := one.complain(tally(census.spawns)))]
    for complaint in broken:
        print(f"NOT AS EXPECTED: {complaint}", file=sys.stderr, flush=True)
    if arguments.json:
        plain = {"command": arguments.program, "status": census.status, "interposer": census.interposer}
        plain |= to_json(tally(census.spawns), census.refused)
        try:
            Path(arguments.json).write_text(json.dumps(plain, indent=2) + "\n", "utf-8")
        except OSError as error:
            return complain(f"census: --json: {arguments.json}: {error.strerror}", USAGE)
    if census.status < 0:
        _die_of(-census.status)
    return census.status or (_NOT_AS_EXPECTED if broken else 0)


def _die_of(number: int) -> None:
    """End by the signal that ended the command, without a core of our own."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
