# SPDX-License-Identifier: MIT
"""Folders that programs are kept and run in: whether they can be used, and by nobody but this user."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Who is outside of a user namespace looks like this from inside (user_namespaces(7)).
_OVERFLOW_UID = 65534
_MOST_LINKS = 40  # path_resolution(7)


def place_to_run() -> Path:
    """Return the folder below which programs run, $TMPDIR if it is set; raise ValueError, which says what is wrong."""
    if not Path("/proc/self/stat").exists():
        raise ValueError(
            "/proc is not there, and without it nothing is found that programs leave behind: mount -t proc proc /proc"
        )
    named = os.environ.get("TMPDIR")
    try:
        folder = Path(named or tempfile.gettempdir()).absolute()
    except FileNotFoundError as error:  # there is none, and the folder that we are in is no good either
        raise ValueError(f"no folder for temporary files can be written ({error}): set TMPDIR to one") from error
    what = "TMPDIR" if named else "the folder for temporary files"
    if wrong := lacks(folder) or exposed(folder):
        raise ValueError(f"{what}: {shown(folder)} {wrong}: set TMPDIR to another")
    return folder


def lacks(folder: Path) -> str:
    """Say why programs cannot be kept and run in a folder, nothing if they can."""
    try:
        flags = os.statvfs(folder).f_flag
    except OSError as error:
        return f"cannot be used ({error.strerror})"
    if not folder.is_dir():
        return "is no directory"
    if flags & os.ST_NOEXEC:
        return "is mounted noexec: no program starts there"
    if flags & os.ST_RDONLY:
        return "is on a read-only file system"
    return "" if os.access(folder, os.W_OK | os.X_OK, effective_ids=True) else "cannot be written"


def exposed(folder: Path) -> str:
    """Say who else could put another folder into its place, or files into it where not all may (sticky(7)).

    Whoever owns or writes the user's home can have anything run as this user, whatever we do: at home it ends.
    """
    for path in (there for way in _ways_to(folder) for there in _up_from(way)):
        try:
            status = path.stat()
        except OSError:  # it cannot be looked at, so nobody is seen to write it
            continue
        if status.st_uid not in (0, os.geteuid(), _OVERFLOW_UID):
            return f"{_lies_in(folder, path)}belongs to user {status.st_uid}"
        is_group = status.st_mode & stat.S_IWGRP and status.st_gid not in (0, os.getegid(), _OVERFLOW_UID)
        if (status.st_mode & stat.S_IWOTH or is_group) and not status.st_mode & stat.S_ISVTX:
            return f"{_lies_in(folder, path)}can be written by others"
    return ""


def shown(path: Path) -> str:
    """Return a path as one line that any terminal can show: bytes that are no UTF-8, and newlines, escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8").replace("\n", "\\n")


def _lies_in(folder: Path, path: Path) -> str:
    return "" if path.resolve() == folder.resolve() else f"lies in {shown(path)}, which "


def _ways_to(folder: Path) -> Iterator[Path]:
    """Return a folder by each name that it has on the way: a link belongs to whoever can write where it lies."""
    way = folder.absolute()
    for _ in range(_MOST_LINKS):
        yield way
        link = next((part for part in reversed((way, *way.parents)) if part.is_symlink()), None)
        if link is None:
            return
        way = Path(os.path.normpath(link.parent / link.readlink() / way.relative_to(link)))


def _up_from(folder: Path) -> Iterator[Path]:
    home = os.environ.get("HOME") or ""
    for path in (folder, *folder.parents):
        if home and path.resolve() == Path(home).resolve():
            return
        yield path
