# SPDX-License-Identifier: MIT
from __future__ import annotations

import time
from collections.abc import Callable


def within(seconds: float, holds: Callable[[], object]) -> bool:
    """Look until it holds, or the deadline passes; return whether it did."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)  # a pause between looks: decides nothing
    return False
