# SPDX-License-Identifier: MIT
"""Folders that programs are kept and run in: whether they can be used, and by nobody but this user."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Who is outside of a user namespace looks like this from inside (user_namespaces(7)); outside it is a user as others.
_OVERFLOW_UID = 65534
_EVERY_ID = 0xFFFF_FFFF
_ACL_USER, _ACL_GROUP_OBJ, _ACL_GROUP = 0x02, 0x04, 0x08  # linux/posix_acl.h
_MOST_LINKS = 40  # path_resolution(7)
# Folders, separated by colons, of which the user says that whoever can write there may have what runs as him. Only of
# the environment: what lies in a project folder does not speak for the user.
TRUSTED = "PYTEST_VFORK_TRUSTED"


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
        raise ValueError(
            f"no folder for temporary files can be written ({error.strerror}): set TMPDIR to one"
        ) from error
    elsewhere = "set TMPDIR to another"
    # of the shim, which looks on at workloads whatever they run under (config.c)
    comma = "has a comma, which VFORK_SHIM cannot carry" if "," in str(folder) else ""
    wrong = comma or lacks(folder)
    if wrong := f"{wrong}: {elsewhere}" if wrong else exposed(folder, elsewhere):
        what = "TMPDIR" if named else "the folder for temporary files"
        raise ValueError(f"{what}: {shown(folder)} {wrong}")
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


def exposed(folder: Path, elsewhere: str) -> str:
    """Say who else could put another folder into its place, or files into it where not all may (sticky(7)).

    What can be done stands at the end: `elsewhere`, or something with the folder that it is about. Whoever owns or
    writes the user's home can have anything run as this user, whatever we do: at home it ends, and where he says so.
    Raise ValueError if where he says so is no absolute path.
    """
    for named in filter(None, os.environ.get(TRUSTED, "").split(":")):
        if not Path(named).is_absolute():
            raise ValueError(f"{TRUSTED}: {named!r} is no absolute path")
    for path in (there for way in _ways_to(folder) for there in _up_from(way)):
        try:
            status = path.stat()
        except OSError:  # it cannot be looked at, so nobody is seen to write it
            continue
        name = shlex.quote(shown(path))
        trusted = f"{elsewhere}, or say that you trust it: {TRUSTED}={name}"
        if status.st_uid not in (0, os.geteuid(), *_outsiders()):
            return f"{_lies_in(folder, path)}belongs to user {status.st_uid}: {trusted}"
        if others := _writers(path, status):
            mended = f"{elsewhere}, or chmod +t {name}" if status.st_uid == os.geteuid() else trusted
            return f"{_lies_in(folder, path)}can be written by {others}: {mended}"
    return ""


def shown(path: Path) -> str:
    """Return a path as one line that any terminal can show: bytes that are no UTF-8, and newlines, escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8").replace("\n", "\\n")


def _writers(path: Path, status: os.stat_result) -> str:
    """Say who else can rename and delete what lies in a folder, nothing if nobody can."""
    if status.st_mode & stat.S_ISVTX:
        return ""
    if status.st_mode & stat.S_IWOTH:
        return "others"
    if not status.st_mode & stat.S_IWGRP:  # with an access control list, this is its mask
        return ""
    for tag, id in _granted(path, status.st_gid):
        if tag == _ACL_USER and id not in (0, os.geteuid(), *_outsiders()):
            return f"others (user {id}, by its access control list)"
        if tag == _ACL_GROUP and id not in (0, *_outsiders()) and not _is_alone_in(id):
            return f"others (group {_name_of(id)})"
    return ""


def _outsiders() -> tuple[int, ...]:
    """Return the id of who is outside of this user namespace; nothing where everybody is inside."""
    try:
        lines = Path("/proc/self/uid_map").read_text("ascii").splitlines()
    except OSError:  # there is no /proc (place_to_run says so), or the kernel has no user namespaces
        return ()
    mapped = sum(int(line.split()[2]) for line in lines)
    return () if mapped == _EVERY_ID else (_OVERFLOW_UID,)


def _granted(path: Path, group: int) -> Iterator[tuple[int, int]]:
    """Return who may write by an access control list (acl(5), linux/posix_acl_xattr.h), or without one the group."""
    try:
        entries = os.getxattr(path, "system.posix_acl_access")[4:]
    except OSError:  # it has none
        entries = struct.pack("<HHI", _ACL_GROUP_OBJ, os.W_OK, 0)
    for tag, permission, id in struct.iter_unpack("<HHI", entries):
        if permission & os.W_OK and tag in (_ACL_USER, _ACL_GROUP_OBJ, _ACL_GROUP):
            yield (_ACL_GROUP, group) if tag == _ACL_GROUP_OBJ else (tag, id)


def _name_of(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def _is_alone_in(group: int) -> bool:
    """Say whether a group is this user's own, as Debian makes one for each, and nobody else is in it.

    As sshd asks there (user-group-modes.patch). A database may have users that it does not list, as LDAP's may: if it
    does not list this one, nobody knows.
    """
    if group != os.getegid():
        return False
    every, user = pwd.getpwall(), os.geteuid()
    if not any(one.pw_uid == user for one in every) and _has_entry(user):
        return False
    members = {name for one in grp.getgrall() if one.gr_gid == group for name in one.gr_mem}
    us = {one.pw_name for one in every if one.pw_uid in (0, user)}
    return members <= us and all(one.pw_uid in (0, user) for one in every if one.pw_gid == group)


def _has_entry(user: int) -> bool:
    try:
        return bool(pwd.getpwuid(user))
    except KeyError:  # of a container
        return False


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
    named = (os.environ.get("HOME", ""), *os.environ.get(TRUSTED, "").split(":"))
    ends = {Path(name).resolve() for name in named if Path(name).is_absolute()}
    for path in (folder, *folder.parents):
        if path.resolve() in ends:
            return
        yield path
