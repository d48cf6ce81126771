# SPDX-License-Identifier: MIT
"""faketime: a preloaded object that tells another time."""

from __future__ import annotations

from ._before import Before


class Faketime(Before):
    """A day ahead."""

    name = "faketime"
    executable = "faketime"
    arguments = ("-f", "+1d")
    package = "apt-get install faketime"
    takes_static = False
