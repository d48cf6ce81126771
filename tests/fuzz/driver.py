# SPDX-License-Identifier: MIT
"""Run random calls and random programs natively and under the shim, and compare what they say: docs/reliability.md.

cd tests && python -m fuzz calls --count 1000000
cd tests && python -m fuzz programs --count 100000
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pytest_vfork.building.builder import Builder, CompileError
from pytest_vfork.building.cache import CacheError
from pytest_vfork.building.toolchain import NoCompilerError
from pytest_vfork.model import Mode
from pytest_vfork.running.interposers import InterposerError, Settings
from pytest_vfork.running.interposers.shim import Shim

from . import grammar

FOLDER = Path(__file__).parent
# -no-pie: addresses are asked for and seen. No red zone: a vfork child runs on its parent's stack, below it.
FLAGS = (
    "-O1",
    "-w",
    "-std=gnu11",
    "-no-pie",
    "-mno-red-zone",
    "-fno-stack-protector",
    "-fcf-protection=none",
    "-pthread",
)
BLOCK = 200  # calls of one process
BATCH = 200  # programs of one process
PATIENCE_S = 300


@dataclass
class Fuzzer:
    """One program of ours, natively and under the shim."""

    program: Path
    environments: dict[str, dict[str, str]]

    def run(self, where: str, *arguments: object, text: str = "") -> list[str]:
        """Return what it writes. Whatever it has started is ended with it."""
        with tempfile.TemporaryFile("w+") as given:
            given.write(text)
            given.flush()
            given.seek(0)
            process = subprocess.Popen(
                [str(self.program), *map(str, arguments)],
                env=self.environments[where],
                stdin=given,
                stdout=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            try:
                return process.communicate(timeout=PATIENCE_S)[0].splitlines()
            except subprocess.TimeoutExpired:
                return [f"no end within {PATIENCE_S} s"]
            finally:
                _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and those below it, of which it is the subreaper."""
    try:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for one in family if process.poll() is None else ():
        try:
            one.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    process.wait()


def fuzzer(name: str, builder: Builder, fault: str | None = None, mode: Mode = Mode.EMULATE) -> Fuzzer:
    """Compile one of the two programs, and the shim."""
    source = (FOLDER / f"{name}.c").read_text("utf-8")
    source = source.replace('#include "fuzz.h"', (FOLDER / "fuzz.h").read_text("utf-8"))
    program = Path(builder.c_program(f"{name}.c", source, FLAGS).argv[0])
    given = {"fault": fault} if fault else {}
    boot = Shim(Settings(mode, builder, given=given)).boot().env
    return Fuzzer(program, {"native": dict(os.environ), "shim": {**os.environ, **boot}})


def shrink(parts: Sequence[object], differs: Callable[[Sequence[object]], bool]) -> list[object]:
    """Leave out parts, halves first, as long as it differs."""
    kept, size = list(parts), max(1, len(parts) // 2)
    while True:
        at = 0
        while at < len(kept):
            less = kept[:at] + kept[at + size :]
            if less != kept and differs(less):
                kept = less
            else:
                at += size
        if size == 1:
            return kept
        size = max(1, size // 2)


@dataclass
class Difference:
    """One that was found: what it takes, and both accounts of it."""

    title: str
    native: list[str]
    shim: list[str]
    steady: bool = True
    taken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kind = "DIFFERENCE" if self.steady else "UNSTEADY (native differs from itself, or it did not come again)"
        return "\n".join([f"{kind}: {self.title}", *self.taken, "native:", *self.native, "shim:", *self.shim])


# --- calls


def _said(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line]


class Calls:
    """Blocks of calls, each block a process of its own."""

    def __init__(self, fuzzer: Fuzzer, seed: int) -> None:
        self.fuzzer, self.seed = fuzzer, seed

    def tell(self, where: str, block: int, only: Sequence[object] | None = None) -> list[str]:
        chosen = [f",{','.join(map(str, only))},"] if only is not None else []
        return _said(self.fuzzer.run(where, self.seed, block, 1, BLOCK, "all", *chosen))

    def differs(self, block: int, only: Sequence[object]) -> bool:
        """Twice, and native is the same as itself, or it is chance."""
        native = self.tell("native", block, only)
        return all(
            self.tell("native", block, only) == native and self.tell("shim", block, only) != native for _ in range(2)
        )

    def compare(self, first: int, count: int) -> Iterator[Difference]:
        """Compare blocks, and shrink those that differ to the calls that it takes."""
        native, shim = (self.fuzzer.run(where, self.seed, first, count, BLOCK) for where in ("native", "shim"))
        for block in range(first, first + count):
            one, other = (lines[block - first : block - first + 1] for lines in (native, shim))
            if one != other or not one:
                yield self._explain(block)

    def _explain(self, block: int) -> Difference:
        title = f"calls, seed {self.seed}, block {block}"
        last = self._first_that_differs(block)
        if last is None or not self.differs(block, list(range(last + 1))):
            return Difference(title, [], [], steady=False)
        needed = [*shrink(list(range(last)), lambda less: self.differs(block, [*less, last])), last]
        native, shim = (self.tell(where, block, needed) for where in ("native", "shim"))
        return Difference(f"{title}, calls {needed}", native, shim)

    def _first_that_differs(self, block: int) -> int | None:
        native, shim = self.tell("native", block), self.tell("shim", block)
        at = next((at for at, (one, other) in enumerate(zip(native, shim, strict=False)) if one != other), None)
        if at is None:
            return None
        word = native[at].split(" ", 1)[0]
        return int(word) if word.isdigit() else BLOCK - 1


def run_calls(fuzzer: Fuzzer, seed: int, count: int, at_once: int = 50) -> Iterator[Difference]:
    """Make `count` calls natively and under the shim."""
    blocks = -(-count // BLOCK)
    for first in range(0, blocks, at_once):
        yield from Calls(fuzzer, seed).compare(first, min(at_once, blocks - first))


# --- programs


class Programs:
    """Small programs, each a process of its own, many in one run."""

    def __init__(self, fuzzer: Fuzzer) -> None:
        self.fuzzer = fuzzer

    def tell(self, where: str, programs: Sequence[grammar.Block]) -> list[list[str]]:
        """Return what each has told."""
        told: list[list[str]] = []
        for line in self.fuzzer.run(where, text="".join(f"{grammar.text(block)}\n" for block in programs)):
            if line.startswith("== "):
                told.append([line.split(" ", 2)[2]])
            elif told:
                told[-1].append(line)
        return told + [["nothing"]] * (len(programs) - len(told))

    def differs(self, program: grammar.Block) -> bool:
        """Each time, and native is the same as itself, or it is chance."""
        native, shim = (self.tell(where, [program] * 3) for where in ("native", "shim"))
        return all(one == native[0] for one in native) and all(one != native[0] for one in shim)

    def compare(self, title: str, programs: Sequence[grammar.Block]) -> Iterator[Difference]:
        """Compare programs, and shrink those that differ."""
        native, shim = (self.tell(where, programs) for where in ("native", "shim"))
        for at, program in enumerate(programs):
            if native[at] != shim[at]:
                yield self._explain(f"{title} {at}", program, native[at], shim[at])

    def _explain(self, title: str, program: grammar.Block, native: list[str], shim: list[str]) -> Difference:
        if not self.differs(program):
            return Difference(title, native, shim, steady=False, taken=[grammar.text(program)])
        kept = self._shrink(program)
        native, shim = (self.tell(where, [kept])[0] for where in ("native", "shim"))
        return Difference(title, native, shim, taken=[grammar.text(kept)])

    def _shrink(self, program: grammar.Block) -> grammar.Block:
        while True:
            less = next((less for less in grammar.smaller(program) if self.differs(less)), None)
            if less is None:
                return program
            program = less


def run_programs(fuzzer: Fuzzer, seed: int, count: int) -> Iterator[Difference]:
    """Run `count` programs natively and under the shim, those that once differed first."""
    programs = Programs(fuzzer)
    yield from programs.compare("programs.txt", grammar.known())
    for first in range(0, count, BATCH):
        batch = [grammar.Maker(f"{seed}-{at}").program() for at in range(first, min(first + BATCH, count))]
        yield from programs.compare(f"programs, seed {seed}, from {first}:", batch)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"want a number above 0, not {text!r}")
    return int(text)


def main() -> int:
    """Fuzz, and print what differs."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["calls", "programs"])
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--count", type=_count, default=None, help="1000000 calls or 100000 programs, if not given")
    parser.add_argument("--fault", help="a fault of the shim, to see that it is found")
    parser.add_argument("--mode", default="emulate", choices=["reissue", "emulate"])
    arguments = parser.parse_args()
    mode = Mode(arguments.mode)
    try:
        Shim.check(mode, {"fault": arguments.fault or ""})
        it = fuzzer(arguments.what, Builder.of_user(), arguments.fault, mode)
    except (ValueError, CacheError, CompileError, NoCompilerError, InterposerError) as error:
        parser.error(str(error))
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 32)
    run, count = (run_calls, 1_000_000) if arguments.what == "calls" else (run_programs, 100_000)
    count = count if arguments.count is None else arguments.count
    began, found, unsteady = time.monotonic(), 0, 0
    for difference in run(it, seed, count):
        print(difference, flush=True)
        found += difference.steady
        unsteady += not difference.steady
    took_s = time.monotonic() - began
    print(f"{count} {arguments.what}, seed {seed}, {took_s:.0f} s: {found} differences, {unsteady} that came but once")
    return 1 if found else 0
