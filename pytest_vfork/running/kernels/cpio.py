# SPDX-License-Identifier: MIT
"""Writes an initramfs: a cpio archive of the format "newc" (linux: early-userspace/buffer-format.rst)."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import PurePosixPath


def folder(mode: int = 0o755) -> tuple[int, bytes]:
    """Return the entry of a folder."""
    return stat.S_IFDIR | mode, b""


def file(content: bytes, mode: int = 0o644) -> tuple[int, bytes]:
    """Return the entry of a file."""
    return stat.S_IFREG | mode, content


def link(target: str) -> tuple[int, bytes]:
    """Return the entry of a symbolic link."""
    return stat.S_IFLNK | 0o777, target.encode()


def archive(entries: Mapping[str, tuple[int, bytes]]) -> bytes:
    """Return the archive of entries by path; folders above them are added."""
    every: dict[str, tuple[int, bytes]] = {}
    for path, entry in entries.items():
        for parent in reversed(PurePosixPath(path).parents[:-1]):
            every.setdefault(str(parent), folder())
        every[path] = entry
    members = (_member(number, path, *entry) for number, (path, entry) in enumerate(every.items(), 1))
    return b"".join(members) + _member(0, "TRAILER!!!", 0, b"")


def _member(inode: int, name: str, mode: int, content: bytes) -> bytes:
    # magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
    fields = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return _padded(head) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
