# SPDX-License-Identifier: MIT
"""The cache of built things: content-addressed, safe when several processes want the same object, bounded in size."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT_BYTES = 512 * 1024 * 1024


class RefusedError(Exception):
    """What was to be made cannot be; the message may name files of the folder."""


def home_of_caches() -> Path:
    """Return $XDG_CACHE_HOME, if it is absolute (XDG Base Directory Specification), else ~/.cache."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return named if named.is_absolute() else Path("~/.cache").expanduser()


class Cache:
    """A folder of objects, each a folder named by the hash of all that went into it.

    An object is complete or absent, never half made.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of_user(cls) -> Cache:
        """Open the user's cache, $XDG_CACHE_HOME/pytest-vfork or ~/.cache/pytest-vfork, for the user alone (0700)."""
        root = home_of_caches() / "pytest-vfork"
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)
        return cls(root)

    def get(self, key: tuple[str, ...], make: Callable[[Path], None]) -> Path:
        """Return the folder for `key`; if it is absent, call `make` once, among all processes, to fill it.

        If `make` raises RefusedError, what it wrote is kept to be looked at, and the error says where.
        """
        digest = _digest(key)
        folder = self.root / digest
        if self._touch(folder):
            return folder
        with self._locked(f"{digest}.lock"):
            if self._touch(folder):
                return folder
            unfinished = Path(tempfile.mkdtemp(dir=self.root, prefix=".making-"))
            try:
                make(unfinished)
                unfinished.rename(folder)
            except RefusedError as error:
                refused = folder.with_suffix(".refused")
                shutil.rmtree(refused, ignore_errors=True)
                unfinished.rename(refused)
                raise type(error)(str(error).replace(str(unfinished), str(refused))) from error
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        return folder

    def find(self, key: tuple[str, ...], make: Callable[[], Path]) -> Path:
        """Return the object that `make` returns, by a name that is known before it is made: a link for `key`.

        For objects whose own key costs more than looking whether they are there.
        """
        link = self.root / _digest(key)
        if self._touch(link):  # through the link: what was pruned is made again
            return self.root / link.readlink()
        made = make()
        unfinished = Path(tempfile.mkdtemp(dir=self.root, prefix=".making-"))
        try:
            (unfinished / "link").symlink_to(made.name)
            (unfinished / "link").replace(link)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return made

    def prune(self, limit_bytes: int = LIMIT_BYTES, every_s: float = 0) -> None:
        """Delete the objects not used for longest until the rest is at most `limit_bytes`.

        What was used in the last hour stays: a run may need it. Nothing is done if it was within the last `every_s`:
        looking at thousands of objects takes longer than many a run.
        """
        stamp = self.root / "pruned"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < every_s:
            return
        stamp.touch()
        with self._locked("prune.lock"):
            objects = []
            for folder in self.root.iterdir():
                if folder.is_dir() and not folder.is_symlink():
                    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
                    objects.append((folder.stat().st_mtime, size, folder))
            total = sum(size for _, size, _ in objects)
            for used, size, folder in sorted(objects):
                # what is half made for so long was left by somebody who was killed
                if used > time.time() - 3600 or (total <= limit_bytes and not folder.name.startswith(".making-")):
                    continue
                shutil.rmtree(folder, ignore_errors=True)
                (self.root / f"{folder.name}.lock").unlink(missing_ok=True)
                total -= size
            for link in self.root.iterdir():
                if link.is_symlink() and not link.exists():
                    link.unlink(missing_ok=True)

    @staticmethod
    def _touch(folder: Path) -> bool:
        try:
            os.utime(folder)
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with open(self.root / name, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _digest(key: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(key).encode()).hexdigest()[:32]
