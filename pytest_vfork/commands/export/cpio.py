# SPDX-License-Identifier: MIT
"""Writes a newc archive, which the kernel unpacks as its first root (Documentation/driver-api/early-userspace)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

_FOLDER, _FILE, _DEVICE = 0o040755, 0o100755, 0o020600


def write(archive: Path, files: Mapping[str, Path], folders: Iterable[str] = ()) -> None:
    """Write the files, each executable, with the folders that they lie in, and a console for init to write to."""
    above = {str(parent) for name in files for parent in PurePosixPath(name).parents if str(parent) != "."}
    with open(archive, "wb") as out:
        number = 0
        for name in sorted({*folders, *above}):
            number += 1
            out.write(_entry(number, name, _FOLDER, b""))
        out.write(_entry(number + 1, "dev/console", _DEVICE, b"", device=(5, 1)))
        for name, path in sorted(files.items()):
            number += 1
            out.write(_entry(number + 1, name, _FILE, path.read_bytes()))
        out.write(_entry(0, "TRAILER!!!", 0, b""))


def _entry(number: int, name: str, mode: int, content: bytes, device: tuple[int, int] = (0, 0)) -> bytes:
    # inode, mode, uid, gid, links, time, size, device, device it stands for, length of the name, checksum
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return _pad(head) + _pad(content)


def _pad(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
