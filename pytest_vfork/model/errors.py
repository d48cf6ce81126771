# SPDX-License-Identifier: MIT
"""What became of an error, for a person to read."""

from __future__ import annotations


def said(error: Exception) -> str:
    """Return what an error says: of one that the kernel answered, the file and its words, without a number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
