# SPDX-License-Identifier: MIT
"""This machine as a site."""

from __future__ import annotations

import os
import platform
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import IO

from ...judging.events import parse_events, parse_spawns
from ...model import Observation, ThreadState
from ..observers import procfs
from . import Launch, Site

GRACE_S = 2.0
_REPORT_DEADLINE_S = 30.0
_OUTPUT_LIMIT = 1 << 20


class LocalSite(Site):
    """Runs programs on this kernel, each below a supervisor of its own that is the subreaper of all it starts."""

    name = "local"

    @cached_property
    def _supervisor(self) -> str:
        source = Path(__file__).with_name("supervisor.c").read_text("utf-8")
        return self.builder.c_program("supervisor.c", source).argv[0]

    def describe(self) -> Mapping[str, str]:
        """Say what runs here."""
        libc = " ".join(platform.libc_ver())
        return {"site": self.name, "kernel": platform.release(), "libc": libc, "machine": platform.machine()}

    def find(self, executable: str) -> str | None:
        """Return the path of an executable on PATH, or None."""
        return shutil.which(executable)

    def run(self, launch: Launch) -> Observation:
        """Run the program in a folder of its own below the temporary directory."""
        with tempfile.TemporaryDirectory(prefix="pytest-vfork-", ignore_cleanup_errors=True) as folder:
            return self._run(launch, Path(folder))

    def _run(self, launch: Launch, folder: Path) -> Observation:
        events, log, out, err = (folder / name for name in ("events", "spawns", "stdout", "stderr"))
        events.touch()
        names = {"{events}": str(events), "{spawns}": str(log)}
        argv = [_fill(part, names) for part in launch.boot.wrap(launch.program.argv)]
        # The interposer's variables are for the program alone; the supervisor must run as Linux made it.
        setenv = ["env", *(f"{key}={_fill(value, names)}" for key, value in {**launch.env, **launch.boot.env}.items())]
        report, report_write = os.pipe()
        start = time.monotonic()
        with open(report, "rb", buffering=0) as reports, open(out, "wb") as stdout, open(err, "wb") as stderr:
            process = subprocess.Popen(
                [
                    self._supervisor,
                    str(report_write),
                    str(int(GRACE_S * 1000)),
                    *(setenv if len(setenv) > 1 else []),
                    *argv,
                ],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=folder,
                pass_fds=(report_write,),
                start_new_session=True,
            )
            os.close(report_write)
            told, is_over = _read_until_end(reports, launch.deadline_s)
            where: tuple[ThreadState, ...] = ()
            if not is_over:
                where = procfs.where(process.pid)
                process.terminate()
                told += _read_until_end(reports, _REPORT_DEADLINE_S)[0]
            process.wait(_REPORT_DEADLINE_S)
        lines = [line.split(" ", 1) for line in told.decode().splitlines()]
        status = next((int(value) for key, value in lines if key == "status"), None)
        return Observation(
            events=parse_events(events.read_text("utf-8", "replace")),
            status=status,
            stdout=_read(out),
            stderr=_read(err),
            elapsed_s=time.monotonic() - start,
            where=where,
            left_behind=tuple(value for key, value in lines if key == "left") if status is not None else (),
            spawns=parse_spawns(log.read_text("utf-8", "replace")) if log.exists() else (),
        )


def _read_until_end(pipe: IO[bytes], deadline_s: float) -> tuple[bytes, bool]:
    """Read until the last writer is gone, and say whether that was before the deadline.

    The supervisor alone holds the other end. (Popen.wait() with a timeout looks only every 50 ms.)
    """
    until = time.monotonic() + deadline_s
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    told = b""
    while poll.poll(max(0.0, until - time.monotonic()) * 1000):
        piece = pipe.read(4096)
        if not piece:
            return told, True
        told += piece
    return told, False


def _fill(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def _read(path: Path) -> str:
    with open(path, "rb") as file:
        return file.read(_OUTPUT_LIMIT).decode("utf-8", "replace")
