# SPDX-License-Identifier: MIT
"""rr: records a run, to run it again."""

from __future__ import annotations

import subprocess
import tempfile

from ...model import Boot
from . import UnsupportedError
from ._before import Before

_ASKING_S = 60


class Rr(Before):
    """Records into the folder that the program runs in. Needs hardware counters, which most virtual machines lack."""

    name = "rr"
    executable = "rr"
    arguments = ("record", "-n", "-o", "rr-trace")
    package = "apt-get install rr; and hardware counters: perf_event_open(2), kernel.perf_event_paranoid <= 1"

    def boot(self, log: str | None = None) -> Boot:
        """Return the command as prefix; raise UnsupportedError, also where it records nothing."""
        with tempfile.TemporaryDirectory() as folder:
            command = [self.find(), "record", "-n", "-o", f"{folder}/trace", "true"]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, errors="replace", timeout=_ASKING_S, check=False
                )
            except subprocess.TimeoutExpired as error:
                raise UnsupportedError(f"rr records nothing here: no end within {_ASKING_S} s") from error
        if done.returncode:
            said = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            raise UnsupportedError(
                f"rr records nothing here: {said[:200]}. It needs {self.package.partition('and ')[2]}"
            )
        return super().boot(log)
