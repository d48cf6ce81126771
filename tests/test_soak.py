# SPDX-License-Identifier: MIT
"""What `.ci/soak` tells; what it answers to bad usage is in test_cli.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

SOAK = "../.ci/soak"


def test_the_soak_tells_what_is_red() -> None:
    item = "[suspension/parent-waits-until-exec:clone3]"
    words = [SOAK, "--runs=1", "--mode=fork", "--", "--vfork-claim=linux", "-k", item, "../c_tests/suspension"]
    done = subprocess.run(
        [sys.executable, *words], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=120, check=False
    )
    row, red = done.stdout.splitlines()
    assert (done.returncode, " | idle | 1 | 1 | 0 | 1 | 0 | " in row) == (1, True), done
    assert red == "suspension/parent-waits-until-exec:clone3: fail 1"


def test_a_soak_whose_second_run_comes_to_nothing_tells_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "once.py").write_text(
        "import pathlib, pytest\n\n\ndef pytest_configure(config):\n"
        f"    been = pathlib.Path({str(tmp_path / 'been')!r})\n"
        "    if not hasattr(config, 'workerinput'):\n"
        "        if been.exists():\n            raise pytest.UsageError('no second run')\n        been.touch()\n"
    )
    words = [SOAK, "--runs=3", "--", "-p", "once", "-k", "parent-waits-until-exec:vfork", "../c_tests/suspension"]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, " | idle | 1 | 1 | 0 | 0 | 0 | " in done.stdout) == (1, True), done
    assert done.stderr == "soak: pytest: ERROR: no second run\n"


@pytest.mark.usefixtures("heeds_sigint")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_soak_ends_in_the_middle_of_a_run(number: int) -> None:
    with subprocess.Popen(
        [sys.executable, SOAK, "--runs=1", "../c_tests"],
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as soak:
        process, until = psutil.Process(soak.pid), time.monotonic() + 60
        while not (started := process.children(recursive=True)[3:]):  # pytest, two workers, and what they run
            assert soak.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)  # a pause between looks: decides nothing
        soak.send_signal(number)
        told, complained = soak.communicate(timeout=120)
    assert (soak.returncode, complained) == (2, "")
    assert told == "| emulate ../c_tests | idle | 0 | 0 | 0 | 0 | 0 |  |\n"
    gone, alive = psutil.wait_procs(started, timeout=20)
    assert (bool(gone), alive) == (True, [])
