# SPDX-License-Identifier: MIT
"""Any interposer that is a command before the program: strace, qemu-user, a tracer of the user's own."""

from __future__ import annotations

from collections.abc import Mapping

from ...extending import Option
from ...model import Boot, Mode
from ...model.words import words
from ..command_line import command_here
from . import Interposer, InterposerError


class Command(Interposer):
    """Starts each program through the user's command (`--vfork-command`)."""

    name = "command"
    options = (
        Option(
            "command", "'PREFIX {argv}'", "With --vfork-interposer=command: start a program under it by this command."
        ),
    )

    @classmethod
    def check(cls, mode: Mode, given: Mapping[str, str]) -> None:
        """Check that there is a command; raise ValueError."""
        if not given.get("command"):
            raise ValueError("--vfork-interposer=command needs --vfork-command 'PREFIX {argv}'")
        words(given["command"], "--vfork-command")

    @classmethod
    def check_here(cls, given: Mapping[str, str]) -> None:
        """Check that the program of the command is there; raise ValueError."""
        command_here(given["command"], "--vfork-command")

    @property
    def version(self) -> str:
        """The command line: its own version is its maker's to tell."""
        return self.settings.given.get("command", "")

    def boot(self, log: str | None = None) -> Boot:
        """Return the command as prefix; raise InterposerError if it is not given or not there."""
        try:
            self.check(self.mode, self.settings.given)
            return Boot(prefix=command_here(self.version, "--vfork-command"))
        except ValueError as error:  # this machine may be another than that which the user asked
            raise InterposerError(str(error)) from error
