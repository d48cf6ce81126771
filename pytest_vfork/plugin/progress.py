# SPDX-License-Identifier: MIT
"""What a run does while it lasts: a line now and then, of how far it is, and of what is being compiled.

What is compiled, in whichever process, is seen by the cache, where each object is made in a folder of its own.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

FIRST_S, EVERY_S = 3.0, 15.0
FEW = 3  # names on a line


class Progress:
    """Writes to the terminal of the only process, or of xdist's controller."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._selected: set[str] = set()
        self._done = self._objects = 0
        self._began = self._told = self._began_at = 0.0
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin; under xdist the workers say what they run."""
        self._begin(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        """Begin with the first worker. A thread writes: until the first programs are compiled, nothing happens here."""
        self._begin(ids)
        if self._selected and self._thread is None:
            self._thread = threading.Thread(target=self._tell_now_and_then, daemon=True)
            self._thread.start()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count; without xdist this is also when to write, for pytest catches all output while an item runs."""
        self._done += hasattr(report, "vfork_result")
        if self._selected and self._thread is None and time.monotonic() >= self._told + self._pause_s:
            self._tell()

    def pytest_sessionfinish(self) -> None:
        """End."""
        self._is_over.set()
        if self._thread:
            self._thread.join()

    @property
    def _pause_s(self) -> float:
        return EVERY_S if self._told > self._began else FIRST_S

    def _begin(self, nodeids: Iterable[str]) -> None:
        self._selected.update(id for id in nodeids if ".j2::" in id)
        if self._selected and not self._began and not self._config.option.collectonly:
            self._began, self._began_at = time.monotonic(), time.time()
            self._told = self._began
            self._objects, _ = _look(self._began_at)

    def _tell_now_and_then(self) -> None:
        while not self._is_over.wait(self._pause_s):
            self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        objects, making = _look(self._began_at)
        made = objects - self._objects
        text = f"vfork: {self._done} of {len(self._selected)} items after {self._told - self._began:.0f} s"
        text += f"; {made} programs compiled" if made > 0 else ""
        text += f", now {', '.join(making[:FEW])}" if making else ""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal:
            terminal.write(f"\n{text}\n")  # it may stand behind dots


def _look(since: float) -> tuple[int, list[str]]:
    """Return how many objects there are, and the sources of those that are being made.

    What was begun before `since` (seconds since the epoch) was left behind by somebody who was killed.
    """
    from ..building.cache import Cache, CacheError

    try:
        root = Cache.of_user().root
    except CacheError:  # whoever needs it says so
        return 0, []
    with os.scandir(root) as entries:  # names alone: there may be many
        names = [entry.name for entry in entries if not entry.name.endswith((".lock", ".refused"))]
    begun = [name for name in names if name.startswith(".making-")]
    making = [name for name in begun if _modified_at(root / name) >= since]
    sources = (next((file.name for file in (root / name).glob("*.*")), "a shared object") for name in making)
    return len(names) - len(begun), sorted(set(sources))


def _modified_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # made by now
        return 0.0
