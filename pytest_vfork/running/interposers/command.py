# SPDX-License-Identifier: MIT
"""Any interposer that is a command before the program: strace, qemu-user, a tracer of the user's own."""

from __future__ import annotations

import shutil

from ...model import Boot, Observation
from . import Interposer, InterposerError, Settings


class Command:
    """Starts each program through the user's command (`--vfork-command`)."""

    name = "command"

    def __init__(self, settings: Settings) -> None:
        self._command = settings.command

    @property
    def version(self) -> str:
        """The command line: its own version is its maker's to tell."""
        return " ".join(self._command)

    @property
    def logs_spawns(self) -> bool:
        """A foreign interposer writes no log of ours."""
        return False

    def boot(self, log: str | None = None) -> Boot:
        """Return the command as prefix; raise InterposerError if it is not given or not there."""
        if not self._command:
            raise InterposerError("--vfork-interposer=command needs --vfork-command 'PREFIX {argv}'")
        if shutil.which(self._command[0]) is None:
            raise InterposerError(f"--vfork-command: no such program: {self._command[0]}")
        return Boot(prefix=self._command)

    def complain(self, probe: Observation) -> str | None:
        """Check that the program ran at all; whether such a command really intercepts is what the suite finds out."""
        if any(event.name == "probe.spawned" for event in probe.events):
            return None
        how = "it did not end" if probe.status is None else f"wait status {probe.status}"
        return f"no program comes through {self.version!r}: {how}. {probe.stderr.strip()[-500:]}".strip()


def interposer(settings: Settings) -> Interposer:
    """Make the interposer."""
    return Command(settings)
