# SPDX-License-Identifier: MIT
"""eatmydata: a preloaded object that forgets about fsync."""

from __future__ import annotations

from ._before import Before


class Eatmydata(Before):
    """Wraps fsync and what is like it."""

    name = "eatmydata"
    executable = "eatmydata"
    package = "apt-get install eatmydata"
    takes_static = False
