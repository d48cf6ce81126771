# SPDX-License-Identifier: MIT
"""`pytest-vfork bench --tracers`: what a spawn costs under our tracer, and under strace, against native.

Side by side as the modes are: in each round each is asked once, in an order drawn anew.
"""

from __future__ import annotations

import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import resources

from ...building.builder import Builder
from ...model import Mode
from . import Measurement, _Parent

SPAWNS = ("vfork", "clone-stack", "clone3-stack", "posix_spawn", "vfork-exit")
# What a program pays that does not spawn, and how many of it are timed at a time.
OTHERS = {"files": 1, "syscalls": 50_000}
_NATIVE = "native"
_SPAWNS_A_ROUND = 20
_RSS_MIB = 16


def contenders() -> dict[str, list[str]]:
    """Return the commands that are put before the program, by name; strace where it is installed."""
    tracer = [sys.executable, "-m", "pytest_vfork.running.tracer"]
    found = {_NATIVE: [], "observer": [*tracer, "--events", "/dev/null", "--"]}
    for mode in (Mode.FORK, Mode.REISSUE, Mode.EMULATE):
        found[f"ptrace {mode.value}"] = [*tracer, "--mode", mode.value, "--"]
    if shutil.which("strace"):
        found["strace -f"] = ["strace", "-f", "-o", "/dev/null"]
        found["strace --seccomp-bpf"] = ["strace", "-f", "--seccomp-bpf", "-e", "trace=%process", "-o", "/dev/null"]
    return found


def measure(builder: Builder, rounds: int) -> Iterator[Measurement]:
    """Yield every cell; the `mode` of a measurement is the contender's name."""
    with ExitStack() as stack:
        parents = {
            name: stack.enter_context(_parent(builder, prefix, _RSS_MIB)) for name, prefix in contenders().items()
        }
        for what, count in {**dict.fromkeys(SPAWNS, _SPAWNS_A_ROUND), **OTHERS}.items():
            times: dict[str, list[float]] = {name: [] for name in parents}
            for parent in parents.values():
                parent.time_us(what, 1)  # the first finds caches cold
            for _ in range(rounds):
                for name in random.sample(list(parents), len(parents)):
                    times[name].append(parents[name].time_us(what, count))
            for name, own in times.items():
                yield _measurement(what, name, count, own, times[_NATIVE])


def _measurement(what: str, name: str, count: int, own: Sequence[float], native: Sequence[float]) -> Measurement:
    us = statistics.quantiles(own, n=4)
    ratio = statistics.quantiles([a / b for a, b in zip(own, native, strict=True)], n=4)
    return Measurement(
        what, name, _RSS_MIB, len(own), count, us[1], us[0], us[2], ratio[1], ratio[0], ratio[2]
    )  # fmt: skip


@contextmanager
def _parent(builder: Builder, prefix: Sequence[str], rss_mib: int) -> Iterator[_Parent]:
    spawner = builder.c_program("spawner.c", resources.files(__package__).joinpath("spawner.c").read_text("utf-8"))
    image = builder.c_program("image.c", "int main(void)\n{\n\treturn 0;\n}\n")
    process = subprocess.Popen(
        [*prefix, *spawner.argv, str(rss_mib), image.argv[0]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield _Parent(process)
    finally:
        process.kill()
        process.communicate()  # a spawner that outlives its strace ends with its input
