# SPDX-License-Identifier: MIT
"""The log of spawns, line for line that of the shim (shim/log.c; events.parse_spawns reads both)."""

from __future__ import annotations

import os

from . import kernel
from .calls import Call


class SpawnLog:
    """Appends a line for each process or thread that was made, as the program asked for it."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def write(self, tid: int, call: Call, result: int) -> None:
        """Write the line of one call; `result` is the child or a negative errno."""
        try:
            exe = os.readlink(f"/proc/{tid}/exe")  # noqa: PTH115 (pathlib is one import more)
        except OSError:
            exe = "?"
        line = (
            f"spawn call={call.name} flags={call.flags:#x} stack={call.stack:#x} stack_size={call.stack_size:#x}"
            f" pid={kernel.tgid_of(tid)} tid={tid} child={result} exe={exe}\n"
        )
        os.write(self._file, line.encode("utf-8", "surrogateescape"))
