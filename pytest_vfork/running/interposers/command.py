# SPDX-License-Identifier: MIT
"""Any interposer that is a command before the program: strace, qemu-user, a tracer of the user's own."""

from __future__ import annotations

import shlex
import shutil

from ...extending import Option
from ...model import Boot
from . import Interposer, InterposerError


class Command(Interposer):
    """Starts each program through the user's command (`--vfork-command`)."""

    name = "command"
    options = (
        Option(
            "command", "'PREFIX {argv}'", "With --vfork-interposer=command: start a program under it by this command."
        ),
    )

    @property
    def version(self) -> str:
        """The command line: its own version is its maker's to tell."""
        return self.settings.given.get("command", "")

    def boot(self, log: str | None = None) -> Boot:
        """Return the command as prefix; raise InterposerError if it is not given or not there."""
        command = tuple(shlex.split(self.version))
        if not command:
            raise InterposerError("--vfork-interposer=command needs --vfork-command 'PREFIX {argv}'")
        if shutil.which(command[0]) is None:
            raise InterposerError(f"--vfork-command: no such program: {command[0]}")
        return Boot(prefix=command)
