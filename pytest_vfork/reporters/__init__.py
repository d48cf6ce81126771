# SPDX-License-Identifier: MIT
"""What becomes of the results. One file = one format, found by being in this folder.

A module here has a function `reporter(options)` that returns a Reporter, or None when the user did not ask for this
format. Reporters live in the controller alone; workers send it their results.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..judging.ladder import Ladder
from ..model.result import Result
from ..plugin.options import Options


class Reporter(Protocol):
    """Takes the results of a run as they come."""

    def begin(self, run: Mapping[str, Any]) -> None:
        """Take the facts of the run: before the first result."""

    def add(self, result: Result) -> None:
        """Take one result."""

    def end(self, ladder: Ladder, write_line: Callable[[str], None]) -> None:
        """Take what the run came to, when it is over, however it ended; `write_line` writes to the terminal."""


def reporters(options: Options) -> list[Reporter]:
    """Return the reporters of this folder that the user asked for."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return [made for module in modules if (made := module.reporter(options))]
