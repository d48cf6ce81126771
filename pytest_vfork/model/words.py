# SPDX-License-Identifier: MIT
"""A command that the user wrote in one word, as an option or a variable."""

from __future__ import annotations

import shlex


def words(text: str, what: str) -> tuple[str, ...]:
    """Split a command as a shell does; raise ValueError, which begins with `what` and says what is wrong."""
    try:
        command = tuple(shlex.split(text))
    except ValueError as error:  # a quote that is not closed, a backslash at the end
        raise ValueError(f"{what}: {text!r} is no command: {str(error).lower()}") from error
    if not command:
        raise ValueError(f"{what}: {text!r} is no command: it is empty")
    return command
