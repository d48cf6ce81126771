# SPDX-License-Identifier: MIT
"""A scheduler of one's own in the shim's seam (docs/examples/toy-scheduler): it, and nobody else, releases parents."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.building.builder import CASE_FLAGS, Builder
from pytest_vfork.model import Boot, Observation, Program
from pytest_vfork.running.interposers.shim import SOURCES, flags, sources
from pytest_vfork.running.sites import Launch
from pytest_vfork.running.sites.local import LocalSite

EXAMPLE = Path(__file__).parent.parent / "docs" / "examples" / "toy-scheduler"
THREADS, ROUNDS = 8, 3
DEADLINE_S = 120

PYTHON = """
import subprocess, threading
def work(number):
    for turn in range(5):
        done = subprocess.run(["echo", f"{number} {turn}"], capture_output=True, text=True, close_fds=bool(turn % 2))
        assert (done.returncode, done.stdout) == (0, f"{number} {turn}\\n")
    try:
        subprocess.run(["/nonexistent"])
    except FileNotFoundError:
        results.append(number)
results = []
threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sorted(results))
"""
DASH = "/bin/echo one; for i in 1 2 3; do sh -c 'exit 3'; echo $?; done; x=$(/bin/echo two; /bin/echo three); echo $x"


class Scheduled:
    """A shim with the scheduler's file in it, the scheduler, and the program of eight threads, built in one folder."""

    def __init__(self, builder: Builder, folder: Path) -> None:
        self._site = LocalSite(builder)
        self._folder = folder
        self._board = folder / "board"
        others = [str(source) for source in sources() if source.name != "suspend.c"]
        seam = [f'-DTOY_BOARD="{self._board}"', f"-I{SOURCES}", f"-I{EXAMPLE}", str(EXAMPLE / "suspend_scheduler.c")]
        self._compile(builder, "shim.so", *flags(builder.cc), *others, *seam)
        for name in ("scheduler", "threads"):
            self._compile(builder, name, *CASE_FLAGS, "-Werror", str(EXAMPLE / f"{name}.c"))

    def _compile(self, builder: Builder, name: str, *arguments: str) -> None:
        subprocess.run([*builder.cc, *arguments, "-o", str(self._folder / name)], check=True, timeout=300)

    def program(self, name: str) -> str:
        """Where a program is that was built."""
        return str(self._folder / name)

    def run(self, log: Path, gather: int, *argv: str) -> Observation:
        """Run a command under the shim while the scheduler is there."""
        boot = Boot(env={"LD_PRELOAD": self.program("shim.so"), "VFORK_SHIM": "mode=emulate"})
        log.touch()
        with subprocess.Popen(
            [self.program("scheduler"), str(self._board), str(gather), str(log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as scheduler:
            try:
                assert scheduler.stdout is not None
                assert scheduler.stdout.readline() == "ready\n"
                seen = self._site.run(Launch(Program(Path(argv[0]), argv), boot, DEADLINE_S))
                assert scheduler.poll() is None
                scheduler.communicate(timeout=DEADLINE_S)  # closes its stdin, upon which it ends
                assert scheduler.returncode == 0
            finally:
                scheduler.kill()
        return seen


@pytest.fixture(scope="module")
def scheduled(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> Scheduled:
    return Scheduled(builder, tmp_path_factory.mktemp("scheduler"))


@pytest.fixture
def run(scheduled: Scheduled, tmp_path: Path) -> Callable[..., tuple[Observation, list[list[str]]]]:
    def both(gather: int, *argv: str) -> tuple[Observation, list[list[str]]]:
        log = tmp_path / "log"
        seen = scheduled.run(log, gather, *(part.replace("{log}", str(log)) for part in argv))
        return seen, [line.split() for line in log.read_text("utf-8").splitlines()]

    return both


Run = Callable[..., tuple[Observation, list[list[str]]]]


def test_parents_return_one_at_a_time_in_the_order_of_the_scheduler(scheduled: Scheduled, run: Run) -> None:
    seen, log = run(THREADS, scheduled.program("threads"), "{log}")
    assert (seen.status, seen.stderr, seen.left_behind) == (0, "", ())
    # One file, in the order of happening: each turn is whole before the next one begins.
    turns = [line for line in log if line[0] != "batch"]
    assert len(turns) == 3 * THREADS * ROUNDS, log
    for go, returned, end in zip(turns[::3], turns[1::3], turns[2::3], strict=True):
        assert (go[0], returned[0]) == ("go", "returned"), log
        assert end[0] in ("blocked", "ended"), log
        assert go[1:] == returned[1:] == end[1:], log  # pid, tid, child
    assert [line for line in log if line[0] == "batch"] == [["batch", str(THREADS)]] * ROUNDS
    tids = [int(line[2]) for line in log if line[0] == "returned"]
    highest_first = sorted(set(tids), reverse=True)
    assert len(highest_first) == THREADS
    assert tids == highest_first * ROUNDS


def test_python_works_under_the_scheduler(run: Run) -> None:
    seen, log = run(1, sys.executable, "-c", PYTHON)
    assert (seen.status, seen.stdout, seen.stderr) == (0, "[0, 1, 2, 3]\n", "")
    assert len([line for line in log if line[0] == "go"]) >= 4 * 6


@pytest.mark.needs(dash="dash -c true")
def test_dash_works_under_the_scheduler(run: Run) -> None:
    seen, log = run(1, "dash", "-c", DASH)
    assert (seen.status, seen.stdout, seen.stderr) == (0, "one\n3\n3\n3\ntwo three\n", "")
    assert [line[0] for line in log].count("go") >= 4


@pytest.mark.needs(dash="dash -c true")
def test_a_parent_that_waits_for_its_turn_can_be_killed(run: Run) -> None:
    # The child has let go, by exec, when it kills, and the scheduler waits for a second parent.
    # SIGKILL, for dash blocks all others around vfork, and then Linux, too, lets them wait.
    seen, log = run(2, "dash", "-c", "/bin/sh -c 'kill -KILL $PPID'; echo too far")
    assert (seen.status, seen.stdout) == (signal.SIGKILL, "")
    assert "go" not in [line[0] for line in log]
