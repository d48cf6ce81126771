# SPDX-License-Identifier: MIT
"""The shim built to hold itself to its invariants (shim/invariants.h) breaks none of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.building.builder import Builder
from pytest_vfork.model import Mode
from pytest_vfork.running.interposers import Settings
from pytest_vfork.running.interposers.shim import DEBUG, Shim

CASES = Path(__file__).parent.parent / "c_tests"
# Python makes threads, children by three calls, and handlers.
PYTHON = """
import os, signal, subprocess, threading
seen = []
signal.signal(signal.SIGCHLD, lambda number, frame: seen.append(number))
def work():
    for turn in range(5):
        assert subprocess.run(["true"], close_fds=bool(turn % 2)).returncode == 0
        assert os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1] == 0
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert os.system("/bin/true") == 0 and seen
"""


@pytest.mark.parametrize("mode", ["reissue", "emulate"])
def test_the_suite_breaks_no_invariant(
    run: Callable[..., pytest.RunResult], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DEBUG, "1")
    folders = (str(CASES / area) for area in ("signals", "spawn", "suspension"))
    result = run(*folders, f"--vfork-mode={mode}", "--vfork-calls=vfork,posix_spawn", "-n", "2")
    assert result.ret == 0, result.stdout.str()[-4000:]
    result.stdout.no_fnmatch_line("*invariant broken*")


@pytest.mark.parametrize("mode", [Mode.REISSUE, Mode.EMULATE], ids=["reissue", "emulate"])
def test_python_breaks_no_invariant(builder: Builder, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBUG, "1")
    environment = {**os.environ, **Shim(Settings(mode, builder)).boot().env}
    done = subprocess.run(
        [sys.executable, "-c", PYTHON], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
