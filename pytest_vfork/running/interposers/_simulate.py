# SPDX-License-Identifier: MIT
"""Runs one program in Shadow: SHADOW SECONDS PROGRAM ARGUMENT...; a script, so that it starts fast.

Writes the configuration of one host with one process, runs it, then passes on what the program wrote, and ends as it
did: with its exit status, by its signal, or with 124 if it still ran when the simulated time was over.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

STILL_RUNNING, DID_NOT_RUN = 124, 125
# manager.rs and process.rs of Shadow 3.3: how a process that did not end as expected is told of
_ENDED = re.compile(
    r"exited with status (?:Normal\((?P<code>\d+)\)|Signaled\((?P<signal>\w+)\)|(?P<other>StoppedByShadow))"
)


def configuration(folder: Path, seconds: int, argv: list[str], environment: dict[str, str]) -> str:
    """Return Shadow's configuration; JSON is YAML."""
    process = {
        "path": argv[0], "args": argv[1:], "environment": environment, "expected_final_state": {"exited": 0},
    }  # fmt: skip
    general = {
        "stop_time": f"{seconds} s", "data_directory": str(folder / "data"), "log_level": "error", "progress": False,
        "heartbeat_interval": None, "parallelism": 1,
        "model_unblocked_syscall_latency": True,  # or a loop that waits for another process would wait for ever
    }  # fmt: skip
    hosts = {"host": {"network_node_id": 0, "processes": [process]}}
    network = {"graph": {"type": "1_gbit_switch"}}
    return json.dumps({"general": general, "network": network, "hosts": hosts})


def main(shadow: str, seconds: str, argv: list[str]) -> int:
    """Run the program; return the exit status to end with."""
    with tempfile.TemporaryDirectory(prefix="shadow-", dir=".") as name:
        folder = Path(name).absolute()
        environment = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
        (folder / "shadow.yaml").write_text(configuration(folder, int(seconds), argv, environment), "utf-8")
        command = [shadow, str(folder / "shadow.yaml")]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
        )
        written = folder / "data" / "hosts" / "host"
        pass_on(written, "stdout", sys.stdout.fileno())
        pass_on(written, "stderr", sys.stderr.fileno())
        if done.returncode == 0:
            return 0
        ended = _ENDED.search(done.stdout + done.stderr)
        if ended is None:
            print(f"Shadow: {(done.stderr + done.stdout).strip()[-1000:]}", file=sys.stderr)
            return DID_NOT_RUN
    if ended["signal"]:
        end_by(ended["signal"])
    if ended["other"]:
        print(f"still running after {seconds} s of simulated time", file=sys.stderr)
        return STILL_RUNNING
    return int(ended["code"])


def pass_on(folder: Path, kind: str, to: int) -> None:
    """Write what the first process wrote; those that it made wrote to the same file."""
    for file in sorted(folder.glob(f"*.1000.{kind}")) if folder.is_dir() else ():
        os.write(to, file.read_bytes())


def end_by(name: str) -> None:
    """End by the signal, without a core of our own."""
    number = getattr(signal, name, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
