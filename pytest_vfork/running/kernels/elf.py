# SPDX-License-Identifier: MIT
"""What an executable needs to be started somewhere else: its machine, its interpreter, its libraries (elf(5))."""

from __future__ import annotations

import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3  # elf.h
_DT_NEEDED, _DT_STRTAB = 1, 5  # elf.h
_MACHINES = {62: "x86_64", 183: "aarch64", 243: "riscv64"}  # elf.h: EM_X86_64, EM_AARCH64, EM_RISCV
_LIST_DEADLINE_S = 60


@dataclass(frozen=True)
class Executable:
    """What stands in the file itself; `interpreter` is empty in a static one and in a shared object."""

    machine: str
    interpreter: str
    needed: tuple[str, ...]


def read(path: Path) -> Executable | None:
    """Read a 64-bit little-endian ELF file; None if it is none, whatever else it is."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01" or len(data) < 64:
        return None
    try:
        return _read(data)
    except (struct.error, IndexError, ValueError, UnicodeDecodeError):  # cut short or made to be odd: nothing to start
        return None


def _read(data: bytes) -> Executable:
    machine = struct.unpack_from("<H", data, 18)[0]
    start, size, count = *struct.unpack_from("<Q", data, 32), *struct.unpack_from("<H", data, 54), _at(data, 56)
    interpreter, dynamic, loads = "", b"", []
    for at in range(start, start + size * count, max(size, 1)):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, at)
        if kind == _PT_INTERP:
            interpreter = data[offset : offset + length].rstrip(b"\0").decode()
        elif kind == _PT_DYNAMIC:
            dynamic = data[offset : offset + length]
        elif kind == _PT_LOAD:
            loads.append((address, offset, length))
    tags = list(struct.iter_unpack("<QQ", dynamic[: len(dynamic) // 16 * 16]))
    strings = next((value for tag, value in tags if tag == _DT_STRTAB), 0)
    base = next((offset + strings - address for address, offset, length in loads if 0 <= strings - address < length), 0)
    needed = tuple(_text(data, base + value) for tag, value in tags if tag == _DT_NEEDED)
    return Executable(_MACHINES.get(machine, f"number {machine}"), interpreter, needed)


def _at(data: bytes, offset: int) -> int:
    return int(struct.unpack_from("<H", data, offset)[0])


def _text(data: bytes, start: int) -> str:
    return data[start : data.index(b"\0", start)].decode()


def listed(interpreter: str, path: Path) -> tuple[Path, ...]:
    """Return what the interpreter says that it would load for a program."""
    done = subprocess.run(  # ld.so(8): --list
        [interpreter, "--list", str(path)], capture_output=True, text=True, timeout=_LIST_DEADLINE_S, check=False
    )
    words = (line.split() for line in done.stdout.splitlines())
    return tuple(Path(word) for line in words for word in line if word.startswith("/"))


class Libraries:
    """Knows what programs are started with. All programs of one compiler need the same, so few are asked about."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[str, ...]], tuple[Path, ...]] = {}

    def of(self, path: Path, default: str = "/lib64/ld-linux-x86-64.so.2") -> tuple[Path, ...]:
        """Return the interpreter and libraries of a program, or of a shared object, of this machine."""
        about = read(path)
        if about is None or not (about.interpreter or about.needed):
            return ()
        key = (about.interpreter or default, about.needed)
        if key not in self._known:
            self._known[key] = (Path(key[0]), *listed(key[0], path))
        return self._known[key]
