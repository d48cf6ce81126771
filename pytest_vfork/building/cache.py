# SPDX-License-Identifier: MIT
"""The cache of built things: content-addressed, safe when several processes want the same object, bounded in size."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import own

LIMIT_BYTES = 512 * 1024 * 1024


# Of a file system that knows no locks, or whose server does not answer for them (flock(2), NFS).
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
# So little is left that what failed to be written failed for that.
_FULL_BYTES = 1 << 20
_LOOKED_AT = os.R_OK | os.X_OK
_ELSEWHERE = "set XDG_CACHE_HOME to another folder"


class RefusedError(Exception):
    """What was to be made cannot be; the message may name files of the folder."""


class CacheError(Exception):
    """The cache cannot be used, or nothing can be put into it; the message says why and what to do."""


def home_of_caches() -> Path:
    """Return $XDG_CACHE_HOME, if it is absolute (XDG Base Directory Specification), else ~/.cache."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        return named
    try:
        home = Path.home()
    except RuntimeError as error:  # HOME is not set, and the user has no entry in passwd(5)
        raise CacheError("the cache has no place: HOME is not set; set it, or XDG_CACHE_HOME") from error
    if not home.is_absolute():  # then it would be another one in each folder that we are called in
        raise CacheError(f"the cache has no place: HOME is {str(home)!r}, no absolute path; set it, or XDG_CACHE_HOME")
    return home / ".cache"


def folder_of_user(name: str) -> Path:
    """Return a folder of the user's caches, which is made if need be, and is the user's alone; raise CacheError."""
    root = home_of_caches() / name
    try:
        for folder in reversed((root, *root.parents)):  # XDG Base Directory Specification: 0700, all that is made
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
        root.mkdir(exist_ok=True)  # what is there may be no folder
        if root.stat().st_uid == os.geteuid() and stat.S_IMODE(root.stat().st_mode) != 0o700:
            root.chmod(0o700)
    except OSError as error:
        raise CacheError(f"the cache: {own.shown(root)}: {error.strerror}: {_ELSEWHERE}") from error
    try:
        wrong = own.exposed(root, _ELSEWHERE)
    except ValueError as error:
        raise CacheError(str(error)) from error
    if wrong:
        raise CacheError(f"the cache: {own.shown(root)} {wrong}")
    if not os.access(root, _LOOKED_AT, effective_ids=True):  # it is root's
        raise CacheError(f"the cache: {own.shown(root)}: {os.strerror(errno.EACCES)}: {_ELSEWHERE}")
    return root


class Cache:
    """A folder of objects, each a folder named by the hash of all that went into it.

    An object is complete or absent, never half made.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of_user(cls) -> Cache:
        """Open the user's cache, $XDG_CACHE_HOME/pytest-vfork or ~/.cache/pytest-vfork, for the user alone (0700).

        Raise CacheError. One that can only be read is good for what is in it.
        """
        root = folder_of_user("pytest-vfork")
        if os.statvfs(root).f_flag & os.ST_NOEXEC:
            raise CacheError(f"the cache: {own.shown(root)} is mounted noexec: no program starts there: {_ELSEWHERE}")
        return cls(root)

    def get(self, key: tuple[str, ...], make: Callable[[Path], None]) -> Path:
        """Return the folder for `key`; if it is absent, call `make` once, among all processes, to fill it.

        If `make` raises RefusedError, what it wrote is kept to be looked at, and the error says where. Raise CacheError
        if nothing can be written.
        """
        digest = _digest(key)
        folder = self.root / digest
        if self._touch(folder):
            return folder
        with self._writing(), self._locked(f"{digest}.lock"):
            if self._touch(folder):
                return folder
            unfinished = Path(tempfile.mkdtemp(dir=self.root, prefix=f".making-{digest}-"))
            try:
                make(unfinished)
                self._put(unfinished, folder)
            except RefusedError as error:
                if _is_full(self.root):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
                refused = folder.with_suffix(".refused")
                shutil.rmtree(refused, ignore_errors=True)
                self._put(unfinished, refused)
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
        with self._writing(), self._locked("link.lock"):
            unfinished = Path(tempfile.mkdtemp(dir=self.root, prefix=".making-link-"))
            try:
                (unfinished / "link").symlink_to(made.name)
                (unfinished / "link").replace(link)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        return made

    def sweep(self) -> None:
        """Delete what was being made by somebody who was killed: nobody holds its lock."""
        with os.scandir(self.root) as entries:  # names alone: there may be many
            left = [entry.name for entry in entries if entry.name.startswith(".making-")]
        for name in left:
            _, what, *unique = name.split("-")
            if unique:  # else it is of an older version
                with suppress(OSError), self._locked(f"{what}.lock", waits=False):
                    shutil.rmtree(self.root / name, ignore_errors=True)

    def prune(self, limit_bytes: int = LIMIT_BYTES, every_s: float = 0) -> None:
        """Delete the objects not used for longest until the rest is at most `limit_bytes`.

        What was used in the last hour stays: a run may need it. Nothing is done if it was within the last `every_s`:
        looking at thousands of objects takes longer than many a run.
        """
        stamp = self.root / "pruned"
        # a stamp of the future was left by a clock that was wrong
        if stamp.exists() and 0 <= time.time() - stamp.stat().st_mtime < every_s:
            return
        try:
            stamp.touch()
        except OSError:  # read-only, or full: then it is not ours to keep small
            return
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
        except OSError:  # it can only be read, or not even that
            return os.access(folder, _LOOKED_AT, effective_ids=True)
        return True

    @contextmanager
    def _locked(self, name: str, *, waits: bool = True) -> Iterator[None]:
        """Hold a lock; raise BlockingIOError if somebody else does and it is not to be waited for.

        Without locks two may make the same: the first to put it there has made it.
        """
        with open(self.root / name, "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in _NO_LOCKS or not waits:
                    raise
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Let what cannot be written be told as what it is."""
        try:
            yield
        except OSError as error:
            raise CacheError(f"the cache: {own.shown(self.root)}: {error.strerror}: {_ELSEWHERE}") from error

    @staticmethod
    def _put(made: Path, to: Path) -> None:
        try:
            made.rename(to)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # somebody else was first
                raise


def _is_full(folder: Path) -> bool:
    disk = os.statvfs(folder)
    return bool(disk.f_blocks) and disk.f_bavail * disk.f_frsize < _FULL_BYTES


def _digest(key: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(key).encode("utf-8", "surrogateescape")).hexdigest()[:32]
