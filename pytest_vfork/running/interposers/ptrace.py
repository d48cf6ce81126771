# SPDX-License-Identifier: MIT
"""The second interposer: a tracer that rewrites the calls of any program, static too (pytest_vfork/running/tracer)."""

from __future__ import annotations

import importlib.metadata
import sys

from ... import __version__
from ...model import Boot, Mode, Observation
from . import Interposer, UnsupportedError

# tracer/filter.py: what prctl(TRACER_PRCTL) answers, as an errno; without the filter it is EINVAL
# What running/tracer says when a system call that it stands on is refused.
_FORBIDDEN = ("pytest_vfork.running.tracer: cannot trace: ", ": seccomp: ", ": prctl(PR_SET_NO_NEW_PRIVS): ")
_ANSWERS = {Mode.FORK: 0xF41, Mode.REISSUE: 0xF42, Mode.EMULATE: 0xF43}


class Ptrace(Interposer):
    """Starts each program under our tracer; in `native` it only looks on."""

    name = "ptrace"
    modes = tuple(Mode)

    @property
    def version(self) -> str:
        """The package's version and that of python-ptrace."""
        return f"{__version__}, python-ptrace {_python_ptrace() or 'not installed'}"

    @property
    def logs_spawns(self) -> bool:
        """The tracer logs in every mode."""
        return True

    def boot(self, log: str | None = None) -> Boot:
        """Return the command that starts a program under the tracer; raise UnsupportedError."""
        if self.settings.builder.machine != "x86_64":
            raise UnsupportedError(
                f"the tracer is for x86_64, and programs run on {self.settings.builder.machine} here"
            )
        if _python_ptrace() is None:
            raise UnsupportedError("python-ptrace is not installed: pip install 'pytest-vfork[ptrace]'")
        logs = ("--log", log) if log else ()
        return Boot((sys.executable, "-m", "pytest_vfork.running.tracer", "--mode", self.mode.value, *logs, "--"))

    def complain(self, probe: Observation) -> str | None:
        """Hold what the probe saw against the mode: it is traced, and the tracer answers for its mode."""
        if any(text in probe.stderr for text in _FORBIDDEN):
            raise UnsupportedError(
                "the tracer needs ptrace(2) and seccomp filters, and this machine refuses them"
                f" ({probe.stderr.strip().rpartition(': ')[2]}): kernel.yama.ptrace_scope below 3, and no sandbox that"
                " forbids them (docker run --cap-add=SYS_PTRACE)"
            )
        values = {event.name: event.value for event in probe.events}
        if not values.get("probe.tracer"):
            complaint = "the probe is not traced"
        elif self.mode is not Mode.NATIVE and values.get("probe.tracer-answer") != _ANSWERS[self.mode]:
            complaint = f"the probe heard {values.get('probe.tracer-answer')} from its tracer"
        elif values.get("probe.spawned") != 42 << 8:
            complaint = f"the probe's child ended with {values.get('probe.spawned')}"
        else:
            return None
        return f"the tracer in mode {self.mode.value} does not intercept: {complaint}. {probe.stderr.strip()}".strip()


def _python_ptrace() -> str | None:
    """Its version, without importing it (GPL)."""
    try:
        return importlib.metadata.version("python-ptrace")
    except importlib.metadata.PackageNotFoundError:
        return None
