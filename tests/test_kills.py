# SPDX-License-Identifier: MIT
"""Killed at random moments: nothing is left behind, what was finished is in the record, and the next run is right.

`PYTEST_VFORK_KILLS=100 pytest tests/test_kills.py -s` tries 100 moments, `PYTEST_VFORK_SEED=N` those of a seed again.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from machine import CASE, Machine, pytest_command
from waiting import within

from pytest_vfork.building.builder import Builder
from pytest_vfork.records.read import RecordError, read_record
from pytest_vfork.running.kernels import archive, image

MOMENTS = int(os.environ.get("PYTEST_VFORK_KILLS", "6"))
SEED = int(os.environ.get("PYTEST_VFORK_SEED", str(random.randrange(1 << 30))))
ITEMS = 7
DEADLINE_S = 120
# Longer than a run takes, so that some kills come when it is over.
LONGEST_S = 3.0
LOOK_S = 0.002
SERIES = "6.12"
TOKEN = "PYTEST_VFORK_KILLED_RUN"

MODES = (("--vfork-mode=native",), ("--vfork-mode=emulate",), ("--vfork-interposer=ptrace", "--vfork-mode=emulate"))
# A moment in a guest takes some ten times as long, so there are a third as many.
GUEST = f"--vfork-site=kernel:{SERIES}"
MODES_OF_GUEST = ((GUEST, "--vfork-mode=native"), (GUEST, "--vfork-mode=emulate"))
VICTIMS_OF_GUEST = ("pytest", "qemu", "worker", "agent", "keeper")
LONGEST_OF_GUEST_S = 20.0
WORKERS = ((), ("-n2",))


def _name(process: psutil.Process) -> str:
    return str(process.name())


def _words(process: psutil.Process) -> str:
    return " ".join(process.cmdline())


# Who is killed, and how it is known among the processes of a run.
VICTIMS: dict[str, Callable[[psutil.Process], bool]] = {
    "worker": lambda process: "execnet" in _words(process),
    "agent": lambda process: _name(process) == "agent",
    "keeper": lambda process: _name(process) == "keeper",
    "qemu": lambda process: _name(process).startswith("qemu"),
    "tracer": lambda process: "pytest_vfork.running.tracer" in _words(process),
    "compiler": lambda process: _name(process) in ("cc", "gcc", "cc1", "as", "collect2", "ld"),
}
SIGNALS = {"SIGKILL": (signal.SIGKILL,), "SIGINT": (signal.SIGINT,), "SIGINT twice": (signal.SIGINT, signal.SIGINT)}


@dataclass(frozen=True)
class Moment:
    victim: str
    signals: str
    after_s: float
    mode: tuple[str, ...]
    workers: tuple[str, ...]
    is_cold: bool

    def __str__(self) -> str:
        cache = "cold" if self.is_cold else "warm"
        where = " ".join((*self.mode, *self.workers))
        return f"{self.signals} to {self.victim} after {self.after_s:.3f} s of a {cache} run, {where}"


def moments() -> Iterator[Moment]:
    """Each victim in turn, the rest by chance."""
    chance = random.Random(SEED)
    victims = ("pytest", *(victim for victim in VICTIMS if victim != "qemu"))
    for number in range(MOMENTS):
        victim = victims[number % len(victims)]
        yield Moment(
            victim,
            chance.choice(list(SIGNALS)),
            chance.uniform(0, LONGEST_S),
            MODES[2] if victim == "tracer" else chance.choice(MODES),
            WORKERS[1] if victim == "worker" else chance.choice(WORKERS),
            victim == "compiler" or chance.random() < 0.3,
        )


def moments_of_guest() -> Iterator[Moment]:
    """Each victim in turn, the rest by chance."""
    chance = random.Random(SEED)
    for number in range(MOMENTS // 3):
        victim = VICTIMS_OF_GUEST[number % len(VICTIMS_OF_GUEST)]
        signals, after_s = chance.choice(list(SIGNALS)), chance.uniform(0, LONGEST_OF_GUEST_S)
        workers = WORKERS[1] if victim == "worker" else chance.choice(WORKERS)
        yield Moment(victim, signals, after_s, chance.choice(MODES_OF_GUEST), workers, is_cold=False)


@pytest.mark.needs(gcc="cc --version")
def test_a_run_that_is_killed_leaves_nothing_and_the_next_one_is_right(tmp_path: Path, builder: Builder) -> None:
    _kill_at(moments(), tmp_path, lambda folder: Machine(folder, builder))


@pytest.mark.needs(gcc="cc --version", qemu_system_x86="qemu-system-x86_64 --version")
def test_a_run_in_a_guest_that_is_killed_leaves_nothing(tmp_path: Path, builder: Builder) -> None:
    kernels = image.folder_of_user()
    try:
        image.find(SERIES, "x86_64", kernels)
    except archive.ArchiveError as error:
        pytest.skip(str(error))

    def make(folder: Path) -> Machine:
        machine = Machine(folder, builder)
        shutil.copytree(kernels / "x86_64", machine.at / "cache" / kernels.name / "x86_64")
        (machine.at / "cache" / kernels.name).chmod(0o700)
        return machine

    _kill_at(moments_of_guest(), tmp_path, make)


def _kill_at(moments: Iterable[Moment], folder: Path, make: Callable[[Path], Machine]) -> None:
    print(f"moments of PYTEST_VFORK_SEED={SEED}")
    hit, number, wrong = 0, -1, []
    for number, moment in enumerate(moments):
        machine = make(folder / str(number))
        try:
            hit += _kill(machine, moment, f"{os.getpid()}-{number}")
        except (AssertionError, subprocess.TimeoutExpired) as error:
            print(f"WRONG: {error}")
            wrong.append(str(moment))
        print(f"{number + 1}: {moment}", flush=True)
        shutil.rmtree(machine.at)
    print(f"{hit} of {number + 1} victims were there to be killed")
    assert not wrong


def _kill(machine: Machine, moment: Moment, token: str) -> bool:
    """Kill at one moment and look at all that there is afterwards; say whether there was anybody to be killed."""
    if moment.is_cold:
        _make_cold(machine.at / "cache/pytest-vfork")
    record, log = machine.at / "run.jsonl", machine.at / "log"
    env = {**os.environ, "XDG_CACHE_HOME": f"{machine.at}/cache", "TMPDIR": f"{machine.at}/tmp", TOKEN: token}
    written = (f"--vfork-record={record}", f"--vfork-html={machine.at}/run.html", f"--basetemp={machine.at}/base")
    command = pytest_command(str(CASE), "-v", *moment.mode, *moment.workers, *written)
    with open(log, "wb") as output:
        run = subprocess.Popen(command, cwd=machine.at, env=env, stdout=output, stderr=output, preexec_fn=_heed_signals)
    try:
        was_there = _strike(psutil.Process(run.pid), moment)
        status = run.wait(DEADLINE_S)
    finally:
        run.kill()
        run.wait(DEADLINE_S)
    said = f"{moment} (status {status}, seed {SEED}):\n{log.read_text('utf-8', 'replace')}"
    assert within(DEADLINE_S, lambda: not _processes(token)), f"{_processes(token)} live after {said}"
    # The agent takes its folder away as the last thing that it does.
    assert machine.left() == [], f"{machine.left()} is left after {said}"
    assert not _mounts(machine.at), said
    if moment.victim != "pytest" or moment.signals != "SIGKILL":  # then there is nobody to say anything
        assert "INTERNALERROR" not in said, said
    _check_record(record, moment, said)
    _check_next(machine, moment, said)
    return was_there


def _heed_signals() -> None:
    """What is begun in the background of a script ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _make_cold(cache: Path) -> None:
    """Take everything away but the shim, which takes longest."""
    for path in cache.iterdir():
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif not (path / "vfork-shim.so").exists():
            shutil.rmtree(path)


def _strike(run: psutil.Process, moment: Moment) -> bool:
    """Send the signals at the moment, or as soon as there is such a process."""
    until = time.monotonic() + moment.after_s
    while time.monotonic() < until and run.status() != psutil.STATUS_ZOMBIE:
        time.sleep(LOOK_S)  # this is what makes the moment
    until += DEADLINE_S
    while time.monotonic() < until and run.status() != psutil.STATUS_ZOMBIE:
        for victim in _victims(run, moment.victim):
            try:
                for number in SIGNALS[moment.signals]:
                    victim.send_signal(number)
            except psutil.NoSuchProcess:
                continue
            return True
        time.sleep(LOOK_S)  # a pause between looks: decides nothing
    return False


def _victims(run: psutil.Process, victim: str) -> Iterator[psutil.Process]:
    if victim == "pytest":
        yield run
        return
    try:
        below = run.children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for process in below:
        try:
            if VICTIMS[victim](process):
                yield process
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue


def _processes(token: str) -> list[str]:
    """Return who has this run in its environment, whoever its parent is by now."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(TOKEN) == token and process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid} {' '.join(process.cmdline())[:200]}")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def _mounts(below: Path) -> list[str]:
    """Return what is mounted of or in a folder; elsewhere others may mount and unmount meanwhile."""
    return [line for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines() if str(below) in line]


def _check_record(path: Path, moment: Moment, said: str) -> None:
    """Each result that was shown is in the record, whole, and a run that did not see all does not say that it did."""
    shown = re.findall(r"(?:PASSED|SKIPPED).*?(?=\s*\[|$)", said, re.MULTILINE)
    if not path.exists() or path.stat().st_size == 0:
        assert not shown, said
        return
    try:
        record = read_record(path)
    except RecordError:
        assert not shown, said
        return
    assert len(record.items) >= len(shown), f"{sorted(record.items)} in the record of {said}"
    assert record.complete is not True, said  # it is of one case
    assert record.problems or record.why, said
    # A tracer ends as its program does: for all that anybody can see, what is done to it is done to the program.
    most = 1 if moment.victim == "tracer" else 0
    failed = [item.verdict for item in record.items.values() if item.verdict.outcome.value == "fail"]
    assert len(failed) <= most, f"{failed}\n{said}"


def _check_next(machine: Machine, moment: Moment, said: str) -> None:
    record = machine.at / "next.jsonl"
    after = machine.run(*moment.mode, f"--vfork-record={record}", item=str(CASE))
    assert (after.status, after.counted) == (0, f"{ITEMS} passed"), f"{after.text} after {said}"
    assert len(read_record(record).items) == ITEMS
    cache = machine.at / "cache/pytest-vfork"
    assert not list(cache.glob(".making-*")), f"half made after {said}"
    assert machine.left() == []
