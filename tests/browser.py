# SPDX-License-Identifier: MIT
"""Debian's chromium, headless, driven by playwright; and whether they are there."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

# As root there is no sandbox; the rest keeps it from looking for hosts that a closed network does not have.
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@cache
def lacking() -> str:
    """Say what is not there and how to get it; "" if all is."""
    if shutil.which("chromium") is None:
        return "there is no chromium: apt-get install chromium"
    if importlib.util.find_spec("playwright") is None:
        return "there is no playwright: pip install playwright (it needs no browser of its own)"
    return ""


@contextmanager
def browser() -> Iterator[Any]:
    """Start the browser, and end it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(_FLAGS))
        try:
            yield started
        finally:
            started.close()


def axe(folder: Path) -> str | None:
    """Return the text of axe-core, fetched from the npm registry into `folder`; None if that cannot be had."""
    if shutil.which("npm") is None:
        return None
    done = subprocess.run(
        ["npm", "pack", "--silent", "axe-core@4"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    packed = sorted(folder.glob("axe-core-*.tgz"))
    if done.returncode or not packed:
        return None
    with tarfile.open(packed[-1]) as archive:
        file = archive.extractfile("package/axe.min.js")
        return file.read().decode() if file else None
