# SPDX-License-Identifier: MIT
"""A command that an option names, looked for on this machine."""

from __future__ import annotations

import shutil

from ..model.words import words


def command_here(text: str, what: str) -> tuple[str, ...]:
    """Split a command whose program is on this machine; raise ValueError as `words` does."""
    command = words(text, what)
    if shutil.which(command[0]) is None:
        raise ValueError(f"{what}: no such program: {command[0]}")
    return command
