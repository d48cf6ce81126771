# SPDX-License-Identifier: MIT
"""The console command `pytest-vfork`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import __version__
from ..building.builder import Builder
from ..building.cache import Cache
from ..building.toolchain import NoCompilerError, find_cc
from ..model import Boot, Mode, Program
from ..running.interposers import Choosy, InterposerError, Settings, factories
from ..templates.faults import FaultError, fault
from . import doctor

# What a shell answers when it cannot start a command (POSIX, "Exit Status for Commands").
_USAGE, _CANNOT_RUN, _NOT_FOUND = 2, 126, 127


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status (a command that `run` starts takes this process's place)."""
    arguments = _parser().parse_args(argv)
    does = {
        "run": _run,
        "doctor": lambda arguments: doctor.main(arguments.cc),
        "bench": _bench,
        "catalogue": _catalogue,
        "census": _census,
        "workloads": _workloads,
    }
    return does[arguments.what](arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pytest-vfork", description="Interpose the vfork family on Linux.")
    parser.add_argument("--version", action="version", version=f"pytest-vfork {__version__}")
    parser.add_argument("--vfork-cc", dest="cc", metavar="CMD", help="the C compiler")
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("doctor", help="say what this machine can do, and how to get what is missing")
    run = commands.add_parser(
        "run", help="run a command under an interposer: pytest-vfork run --vfork-mode emulate -- make -j8"
    )
    with_modes = sorted(name for name, factory in factories().items() if getattr(factory, "modes", ()))
    run.add_argument(
        "--vfork-interposer", dest="interposer", choices=with_modes, default="shim",
        help="what to put around it (default: shim; ptrace serves static programs too)",
    )  # fmt: skip
    run.add_argument("--vfork-mode", dest="mode", choices=[mode.value for mode in Mode], default=Mode.EMULATE.value)
    run.add_argument("--vfork-fault", dest="fault", metavar="NAME", help="let the shim commit a fault")
    run.add_argument("--vfork-log", dest="log", metavar="FILE", help="append a line for each spawn to this file")
    run.add_argument("command", nargs="+", metavar="CMD", help="the command and its arguments, after --")
    bench = commands.add_parser("bench", help="time spawns under each mode, side by side, against native")
    bench.add_argument("--rss", default="16,256,1024", help="resident memory of the parent in MiB, separated by commas")
    bench.add_argument("--rounds", type=int, default=30, help="how many interleaved rounds (default: 30)")
    bench.add_argument("--modes", default="native,fork,reissue,emulate", help="which modes; native must be among them")
    bench.add_argument("--json", metavar="FILE", help="write the figures to this file")
    bench.add_argument("--svg", metavar="FILE", help="plot vfork's latency against the parent's size into this file")
    bench.add_argument("--tracers", action="store_true", help="instead: our tracer and strace, against native")
    census = commands.add_parser(
        "census", help="run a command and say by which calls it made processes: pytest-vfork census -- make -j8"
    )
    census.add_argument("--vfork-interposer", dest="interposer", choices=["shim", "ptrace"], help="what looks on")
    census.add_argument("--json", metavar="FILE", help="write the census to this file")
    census.add_argument("command", nargs="+", metavar="CMD", help="the command and its arguments, after --")
    workloads = commands.add_parser("workloads", help="print the page of all workloads, docs/workloads.md")
    workloads.add_argument("--write", metavar="FILE", help="write the page to this file")
    catalogue = commands.add_parser(
        "catalogue", help="in a checkout: make conformance/catalogue.json and docs/requirements.md from the cases"
    )
    catalogue.add_argument("--check", action="store_true", help="write nothing; fail if one of them is stale")
    return parser


def _catalogue(arguments: argparse.Namespace) -> int:
    from ..templates.frontmatter import FrontMatterError
    from . import catalogue

    try:
        files = catalogue.generated()
    except FrontMatterError as error:
        return _complain(str(error), _USAGE)
    if not all(path.parent.is_dir() for path in files):
        return _complain("catalogue: this is not a checkout; there is no folder docs", _USAGE)
    stale = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        if arguments.check:
            print(f"{path} is stale; run: {catalogue.COMMAND}")
        else:
            path.write_text(files[path], "utf-8")
            print(f"written: {path}")
    return int(bool(stale) and arguments.check)


def _census(arguments: argparse.Namespace) -> int:
    from . import census as command

    return command.main(arguments.command, arguments.interposer, arguments.cc, arguments.json)


def _workloads(arguments: argparse.Namespace) -> int:
    from ..templates import suite
    from .catalogue import workloads

    every = suite.workloads()
    page = workloads.render(every, workloads.ask_versions(every))
    if arguments.write:
        Path(arguments.write).write_text(page, "utf-8")
    else:
        print(page, end="")
    return 0


def _bench(arguments: argparse.Namespace) -> int:
    from . import bench
    from .bench import tracers

    try:
        sizes, modes = (
            [int(size) for size in arguments.rss.split(",")],
            [Mode(mode) for mode in arguments.modes.split(",")],
        )
        builder = Builder(Cache.of_user(), find_cc(arguments.cc))
    except (ValueError, NoCompilerError) as error:
        return _complain(str(error), _USAGE)
    if Mode.NATIVE not in modes or arguments.rounds < 2 or min(sizes) < 1:
        return _complain("bench: want native among the modes, two rounds or more, and sizes of 1 MiB or more", _USAGE)
    measurements = []
    rounds = arguments.rounds
    try:
        for measurement in (
            tracers.measure(builder, rounds) if arguments.tracers else bench.measure(builder, modes, sizes, rounds)
        ):
            measurements.append(measurement)
            lines = list(bench.to_table([measurement]))
            print("\n".join(lines if len(measurements) == 1 else lines[1:]), flush=True)
    except (InterposerError, RuntimeError) as error:
        return _complain(str(error), _CANNOT_RUN)
    bench.write(arguments.json, bench.to_json(measurements))
    if not arguments.tracers:
        bench.write(arguments.svg, bench.to_svg(measurements, "vfork"))
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from .census import environment

    path = shutil.which(arguments.command[0])
    if path is None:
        return _complain(f"{arguments.command[0]}: not found", _NOT_FOUND)
    mode = Mode(arguments.mode)
    try:
        if arguments.fault and mode not in fault(arguments.fault).modes:
            return _complain(f"--vfork-fault={arguments.fault}: does not go with mode {mode.value}", _USAGE)
        if arguments.fault and arguments.interposer != "shim":
            return _complain("--vfork-fault: the faults are the shim's", _USAGE)
        # Without the shim nothing is compiled, so nothing else needs a compiler.
        cc = () if mode is Mode.NATIVE or arguments.interposer != "shim" else find_cc(arguments.cc)
        settings = Settings(mode, (), Builder(Cache.of_user(), cc), arguments.fault)
        interposer = factories()[arguments.interposer](settings)
        log = str(Path(arguments.log).absolute()) if arguments.log else None
        boot: Boot = interposer.boot(log)
        program = Program(Path(path), (path, *arguments.command[1:]))
        refusal = interposer.refuse(program) if isinstance(interposer, Choosy) else None
    except FaultError as error:
        return _complain(f"--vfork-fault: {error}", _USAGE)
    except (InterposerError, NoCompilerError, OSError) as error:
        return _complain(str(error), _CANNOT_RUN)
    if refusal:
        return _complain(refusal, _CANNOT_RUN)
    sys.stdout.flush()
    argv = boot.wrap(program.argv) if boot.prefix else tuple(arguments.command)
    try:
        os.execve(argv[0] if boot.prefix else path, argv, environment(boot))
    except OSError as error:
        return _complain(f"{path}: {error.strerror}", _CANNOT_RUN)


def _complain(text: str, status: int) -> int:
    print(f"pytest-vfork: {text}", file=sys.stderr)
    return status
