# SPDX-License-Identifier: MIT
"""Ways of seeing from outside. One file = one way; one that can look on in a whole run is derived from Observer."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from ...extending import Extension, found
from ...model import Boot


class Observer(Extension):
    """Looks on while a program runs: --vfork-observer=NAME.

    It stands outside the interposer, and appends what it sees to the event file of the program, by event names of its
    own (`kernel.vfork`); they become part of the record, beside what the program wrote itself.
    """

    at_least = ("around",)

    def lacks(self) -> str:
        """Say what this machine lacks for it, and how to get it; empty if nothing."""
        return ""

    def around(self, boot: Boot) -> Boot:
        """Return the boot that starts a program under the observer, and below it as `boot` does.

        In it `{events}` is the path of the event file.
        """
        raise NotImplementedError(f"{type(self).__name__}.around")


def observers(more: Iterable[type] = ()) -> dict[str, type[Observer]]:
    """Return every observer by name: ours, those of installed packages, and `more`."""
    return found(Observer, sys.modules[__name__], more)
