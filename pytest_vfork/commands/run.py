# SPDX-License-Identifier: MIT
"""`pytest-vfork run -- CMD`: runs a command under an interposer, in this process's place."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from pathlib import Path

from ..building.toolchain import NoCompilerError, find_cc
from ..model import Boot, Mode, Program
from ..model.errors import said
from ..running.interposers import Interposer, InterposerError, Settings, booted, interposers
from .cli import CANNOT_RUN, NOT_FOUND, USAGE, Commands, cannot_write, complain


def add_command(commands: Commands) -> None:
    """Declare the command."""
    run = commands.add_parser(
        "run",
        help="Run a command under an interposer.",
        description=(
            "The command takes the place of this process, so its output, its signals and its exit status are "
            "its own: pytest-vfork run -- make -j8 is an example."
        ),
        epilog="Exit status: that of the command. 2: a bad option. 126: it cannot be started. 127: no such command.",
    )
    kinds = interposers()
    run.add_argument(
        "--vfork-interposer", dest="interposer", choices=sorted(kinds), default="shim",
        help="Put this around the command (default: shim).",
    )  # fmt: skip
    run.add_argument(
        "--vfork-mode", dest="mode", choices=[mode.value for mode in Mode],
        help="Do this with a call of the vfork family (default: emulate, where the interposer has that mode).",
    )  # fmt: skip
    for option in {option.name: option for kind in kinds.values() for option in kind.options}.values():
        run.add_argument(
            f"--vfork-{option.name}", dest=f"vfork_{option.name}", metavar=option.metavar, help=option.help
        )
    run.add_argument("--vfork-log", dest="log", metavar="FILE", help="Append a line for each spawn to this file.")
    run.add_argument("program", nargs="+", metavar="CMD", help="The command and its arguments, after --.")
    run.set_defaults(does=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ..building.builder import Builder
    from ..building.cache import Cache, CacheError

    path = shutil.which(arguments.program[0])
    if path is None:
        name = arguments.program[0]
        if "/" in name and Path(name).exists():
            return complain(f"{name}: cannot be executed", CANNOT_RUN)
        return complain(f"{name}: not found", NOT_FOUND)
    kinds = interposers()
    kind = kinds[arguments.interposer]
    every = {option.name for other in kinds.values() for option in other.options}
    given = {name: value for name in every if (value := getattr(arguments, f"vfork_{name}"))}
    alien = sorted(set(given) - {option.name for option in kind.options})
    if alien:
        return complain(f"--vfork-{alien[0]}: {kind.name} has no such option", USAGE)
    mode = Mode(arguments.mode or ("emulate" if Mode.EMULATE in kind.modes else "native"))
    if arguments.mode and mode not in kind.modes:
        return complain(f"--vfork-mode={mode.value}: {kind.name} has no such mode", USAGE)
    try:
        kind.check(mode, given)
        kind.check_here(given)
    except ValueError as error:
        return complain(str(error), USAGE)
    try:
        # Without the shim nothing is compiled, so nothing else needs a compiler.
        cc = () if mode is Mode.NATIVE or kind.name != "shim" else find_cc(arguments.cc)
        interposer = kind(Settings(mode, Builder(Cache.of_user(), cc), given))
        if wrong := _cannot_log(interposer, arguments.log):
            return complain(f"run: --vfork-log: {wrong}", USAGE)
        boot = booted(interposer, str(Path(arguments.log).absolute()) if arguments.log else None)
        program = Program(Path(path), (path, *arguments.program[1:]))
        refusal = interposer.refuse(program)
    except (InterposerError, NoCompilerError, CacheError, OSError) as error:
        return complain(said(error), CANNOT_RUN)
    if refusal:
        return complain(refusal, CANNOT_RUN)
    sys.stdout.flush()
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python itself, and an image keeps what is ignored
        signal.signal(ignored, signal.SIG_DFL)
    # The shim looks for a name as execvp does, and the program sees itself called as it was here.
    argv = boot.wrap(tuple(arguments.program) if kind.name == "shim" else program.argv)
    try:
        os.execvpe(argv[0] if boot.prefix else path, argv, environment(boot))
    except OSError as error:
        return complain(f"{path}: {error.strerror}", CANNOT_RUN)


def _cannot_log(interposer: Interposer, path: str | None) -> str:
    if not path:
        return ""
    if not interposer.logs_spawns:
        return f"{' in mode '.join(filter(None, (interposer.name, interposer.mode_word)))} logs nothing"
    why = cannot_write(path)
    return f"{path}: {why}" if why else ""


def environment(boot: Boot) -> dict[str, str]:
    """Return this process's environment with what an interposer adds; what is preloaded already stays so."""
    together = {**os.environ, **boot.env}
    if "LD_PRELOAD" in boot.env and os.environ.get("LD_PRELOAD"):
        together["LD_PRELOAD"] = f"{boot.env['LD_PRELOAD']}:{os.environ['LD_PRELOAD']}"
    return together
