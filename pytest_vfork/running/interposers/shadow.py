# SPDX-License-Identifier: MIT
"""Shadow: a simulator that runs programs as they are, and answers their calls itself (docs/shadow.md)."""

from __future__ import annotations

import sys
from pathlib import Path

from ...model import Boot
from ._before import Before

# Enough for any case: while nothing can run, simulated time jumps.
_SIMULATED_S = 3600


class Shadow(Before):
    """One simulation a program: one host, with one process. It is preloaded, so no static program can be taken."""

    name = "shadow"
    executable = "shadow"
    package = "build it (https://shadow.github.io), then put it on PATH or name it in VFORK_SHADOW"
    takes_static = False

    def boot(self, log: str | None = None) -> Boot:
        """Return the command that writes the configuration of a simulation and runs it."""
        script = Path(__file__).with_name("_simulate.py")
        return Boot((sys.executable, "-E", "-S", str(script), self.find(), str(_SIMULATED_S)))
