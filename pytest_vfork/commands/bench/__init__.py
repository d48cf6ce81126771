# SPDX-License-Identifier: MIT
"""`pytest-vfork bench`: what a spawn costs under each mode, against native, by the parent's size.

All modes run side by side: each round asks every parent once, in an order drawn anew, so that a ratio compares what
happened in the same second.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import statistics
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ... import __version__
from ...building import own
from ...building.cache import Cache
from ...building.toolchain import NoCompilerError, find_cc
from ...model import Mode
from ...model.errors import said
from ...running.interposers import InterposerError, Settings
from ...running.interposers.shim import Shim
from ..cli import CANNOT_RUN, USAGE, Commands, cannot_write, complain

if TYPE_CHECKING:
    from ...building.builder import Builder

SCHEMA = 1
SPAWNS = ("vfork", "libc-vfork", "clone-stack", "clone3-stack", "posix_spawn", "vfork-exit")
# What a program pays that does not spawn, and how many rounds of it are timed at a time.
OTHERS = {"syscalls": 50_000, "files": 1, "masks": 5_000, "threads": 300, "execs": 20}
_SPAWNS_A_ROUND = 20
# A fork copies page tables: at 4 GiB one takes a tenth of a second, so fewer are timed.
_FORKS_A_ROUND = 2
_MIB_TO_SPARE = 1024


@dataclass(frozen=True)
class Measurement:
    """One cell: microseconds that `what` takes, and the ratio to native in the same round.

    Medians with quartiles over `rounds` rounds of `per_round` each.
    """

    what: str
    mode: str
    rss_mib: int
    rounds: int
    per_round: int
    median_us: float
    q1_us: float
    q3_us: float
    ratio: float
    ratio_q1: float
    ratio_q3: float


def add_command(commands: Commands) -> None:
    """Declare the command."""
    bench = commands.add_parser(
        "bench",
        help="Time spawns under each mode, side by side, against native.",
        description=(
            "In each round each mode is asked once, in an order drawn anew; ratios compare times of the same round."
        ),
        epilog="Exit status: 0: done. 2: a bad option. 126: nothing could be measured.",
    )
    bench.add_argument(
        "--rss",
        default="16,256,1024",
        help="Give the parent these sizes of resident memory, in MiB, separated by commas (default: 16,256,1024).",
    )
    bench.add_argument("--rounds", type=int, default=30, help="Make so many interleaved rounds (default: 30).")
    bench.add_argument(
        "--modes",
        default="native,fork,reissue,emulate",
        help="Time these modes, native among them (default: native,fork,reissue,emulate).",
    )
    bench.add_argument("--json", metavar="FILE", help="Write the figures to this file, as JSON.")
    bench.add_argument(
        "--svg", metavar="FILE", help="Plot vfork's latency against the parent's size into this file, as SVG."
    )
    bench.add_argument("--tracers", action="store_true", help="Time our tracer and strace against native instead.")
    bench.set_defaults(does=_bench)


def _bench(arguments: argparse.Namespace) -> int:
    from ...building.builder import Builder
    from . import tracers

    try:
        sizes = [int(size) for size in arguments.rss.split(",")]
        modes = [Mode(mode) for mode in arguments.modes.split(",")]
        builder = Builder(Cache.of_user(), find_cc(arguments.cc))
    except ValueError as error:
        return complain(f"bench: --rss and --modes want lists, separated by commas: {error}", USAGE)
    except NoCompilerError as error:
        return complain(str(error), USAGE)
    if Mode.NATIVE not in modes or arguments.rounds < 2 or min(sizes) < 1:
        return complain("bench: want native among the modes, two rounds or more, and sizes of 1 MiB or more", USAGE)
    for path in filter(None, (arguments.json, arguments.svg)):
        if why := cannot_write(path):
            return complain(f"bench: {path}: {why}", USAGE)
    rounds = arguments.rounds
    measurements = []
    try:
        own.place_to_run()
        for measurement in (
            tracers.measure(builder, rounds) if arguments.tracers else measure(builder, modes, sizes, rounds)
        ):
            measurements.append(measurement)
            lines = list(to_table([measurement]))
            print("\n".join(lines if len(measurements) == 1 else lines[1:]), flush=True)
    except (InterposerError, RuntimeError, ValueError) as error:
        return complain(said(error), CANNOT_RUN)
    if not measurements:
        return complain("bench: nothing could be measured: is there so much memory?", CANNOT_RUN)
    write(arguments.json, to_json(measurements))
    if not arguments.tracers:
        write(arguments.svg, to_svg(measurements, "vfork"))
    return 0


class _Parent:
    """A running spawner (spawner.c) under one mode."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        if self._readline() != "ready":
            raise RuntimeError("the spawner did not start")

    def time_us(self, what: str, count: int) -> float:
        """Return the microseconds that one round of `what` takes, over `count` of them."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what} {count}\n")
        self._process.stdin.flush()
        nanoseconds = int(self._readline() or -1)
        if nanoseconds < 0:
            raise RuntimeError(f"the spawner could not do {what}")
        return nanoseconds / count / 1000

    def _readline(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def measure(builder: Builder, modes: Sequence[Mode], rss_mib: Sequence[int], rounds: int) -> Iterator[Measurement]:
    """Yield every cell, size by size; a size for which memory does not suffice is left out."""
    for size in sorted(rss_mib):
        if size * len(modes) + _MIB_TO_SPARE > psutil.virtual_memory().available >> 20:
            continue
        with ExitStack() as stack:
            parents = {mode: stack.enter_context(_parent(builder, mode, size)) for mode in modes}
            for what in SPAWNS:
                yield from _rounds(
                    parents, what, size, rounds, {mode: _SPAWNS_A_ROUND for mode in modes} | {Mode.FORK: _FORKS_A_ROUND}
                )
            if size == min(rss_mib):
                for what, count in OTHERS.items():
                    yield from _rounds(parents, what, size, rounds, {mode: count for mode in modes})


def _rounds(
    parents: Mapping[Mode, _Parent], what: str, size: int, rounds: int, counts: Mapping[Mode, int]
) -> Iterator[Measurement]:
    times: dict[Mode, list[float]] = {mode: [] for mode in parents}
    for parent in parents.values():
        parent.time_us(what, 1)  # the first finds caches cold
    for _ in range(rounds):
        for mode in random.sample(list(parents), len(parents)):
            times[mode].append(parents[mode].time_us(what, counts[mode]))
    for mode, taken in times.items():
        ratios = [a / b for a, b in zip(taken, times[Mode.NATIVE], strict=True)]
        us, ratio = statistics.quantiles(taken, n=4), statistics.quantiles(ratios, n=4)
        yield Measurement(
            what, mode.value, size, rounds, counts[mode], us[1], us[0], us[2], ratio[1], ratio[0], ratio[2]
        )


@contextmanager
def _parent(builder: Builder, mode: Mode, rss_mib: int) -> Iterator[_Parent]:
    spawner = builder.c_program("spawner.c", resources.files(__package__).joinpath("spawner.c").read_text("utf-8"))
    image = builder.c_program("image.c", "int main(void)\n{\n\treturn 0;\n}\n")
    boot = Shim(Settings(mode, builder)).boot()
    process = subprocess.Popen(
        [*spawner.argv, str(rss_mib), image.argv[0]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **boot.env},
    )
    try:
        yield _Parent(process)
    finally:
        process.kill()
        process.communicate()


def to_json(measurements: Sequence[Measurement]) -> str:
    """Return the measurements with what they were made on, as one JSON document."""
    machine = {"kernel": platform.release(), "libc": " ".join(platform.libc_ver()), "cpus": os.cpu_count()}
    whole = {
        "schema": SCHEMA,
        "pytest_vfork": __version__,
        **machine,
        "measurements": [asdict(m) for m in measurements],
    }
    return json.dumps(whole, indent=1) + "\n"


def to_table(measurements: Iterable[Measurement]) -> Iterator[str]:
    """Yield the lines of a table for the terminal."""
    row = "{:<13} {:>7} {:<20} {:>10} {:>19} {:>8} {:>15} {:>4}"
    yield row.format("what", "RSS MiB", "mode", "median us", "quartiles", "/native", "quartiles", "n")
    for m in measurements:
        quartiles, ratios = f"{m.q1_us:.2f}..{m.q3_us:.2f}", f"{m.ratio_q1:.3f}..{m.ratio_q3:.3f}"
        median, ratio = f"{m.median_us:.2f}", f"{m.ratio:.3f}"
        yield row.format(m.what, m.rss_mib, m.mode, median, quartiles, ratio, ratios, m.rounds)


def to_svg(measurements: Sequence[Measurement], what: str) -> str:
    """Return a plot of one call: microseconds against the parent's size, both logarithmic, one line per mode."""
    import jinja2

    cells = [m for m in measurements if m.what == what]
    sizes = sorted({m.rss_mib for m in cells})
    low = math.floor(math.log10(min(m.q1_us for m in cells)))
    high = math.ceil(math.log10(max(m.q3_us for m in cells)))
    template = jinja2.Template(
        resources.files(__package__).joinpath("plot.svg.j2").read_text("utf-8"), trim_blocks=True
    )
    lines = {mode.value: [m for m in cells if m.mode == mode.value] for mode in Mode}
    span = max(math.log2(sizes[-1] / sizes[0]), 1)
    svg: str = (
        template.render(
            what=what,
            sizes=sizes,
            decades=range(low, high + 1),
            lines={mode: points for mode, points in lines.items() if points},
            x=lambda mib: 80 + 480 * math.log2(mib / sizes[0]) / span,
            y=lambda us: 320 - 270 * (math.log10(us) - low) / (high - low),
            rounds=cells[0].rounds,
        )
        + "\n"
    )
    return svg


def write(path: str | None, text: str) -> None:
    """Write a report if a path was given."""
    if path:
        Path(path).write_text(text, "utf-8")
