# SPDX-License-Identifier: MIT
"""The sentence that a case is named by."""

from __future__ import annotations

import errno
import signal


def sentence(id: str) -> str:
    """Return the sentence of an id, with the names of signals and errors as C writes them; the id if it has none."""
    words = [_as_written(word) for word in id.partition("/")[2].split("-") if word]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]]) if words else id


def _as_written(word: str) -> str:
    is_name = hasattr(errno, word.upper()) or (word.startswith("sig") and hasattr(signal, word.upper()))
    return word.upper() if is_name else {"io": "I/O", "oom": "OOM", "posix": "POSIX", "vm": "VM"}.get(word, word)
