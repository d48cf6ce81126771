# SPDX-License-Identifier: MIT
"""The agent as a program: compiled for this machine, or static and for any other."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ...building import toolchain
from ...building.toolchain import NoCompilerError

if TYPE_CHECKING:
    from ...building.builder import Builder

_SOURCES = Path(__file__).parent
_INIT = Path(__file__).parent.parent / "kernels" / "init.c"
_FLAGS = ("-std=gnu11", "-O1", "-Wall", "-Wextra", "-static")


def local(builder: Builder) -> Path:
    """Return the agent for this machine: static if that can be, for a static process forks in half the time."""
    flags = _FLAGS if _links_statically(builder) else _FLAGS[:-1]
    return _build(builder, flags)


def static(builder: Builder, machine: str) -> Path:
    """Return the agent for a machine, static; raise NoCompilerError, which says how to get the compiler."""
    return _build(_static_builder(builder, machine), _FLAGS)


def init(builder: Builder, machine: str) -> Path:
    """Return the first process of a guest, static; raise NoCompilerError."""
    return _static_builder(builder, machine).shared_object("init", [_INIT], _FLAGS)


def _static_builder(builder: Builder, machine: str) -> Builder:
    from ...building.builder import Builder  # heavy, and pytest loads every site in every run

    if machine == platform.machine():
        if shutil.which("musl-gcc"):
            return Builder(builder.cache, ("musl-gcc",))
        if _links_statically(builder):
            return builder
    return Builder(builder.cache, toolchain.zig(machine))


def _build(builder: Builder, flags: tuple[str, ...]) -> Path:
    return builder.shared_object("agent", sorted(_SOURCES.glob("*.c")), flags)


def _links_statically(builder: Builder) -> bool:
    try:
        builder.command_of("static")
    except NoCompilerError:
        return False
    return True
