# SPDX-License-Identifier: MIT
"""The call site of sigaction(3) is rewritten, and nothing but the bytes of the code tells it (shim/shortcut.c)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_vfork.building.builder import CASE_FLAGS, Builder
from pytest_vfork.model import Mode
from pytest_vfork.running.interposers import Settings
from pytest_vfork.running.interposers.shim import Shim

HERE = Path(__file__).parent
MODES = pytest.mark.parametrize("mode", [Mode.FORK, Mode.REISSUE, Mode.EMULATE], ids=["fork", "reissue", "emulate"])


def run(builder: Builder, mode: Mode, *arguments: str, config: str = "", cc: str = "") -> tuple[str, int]:
    """Return what the program printed, and how many bytes of code it found changed."""
    compiler = Builder(builder.cache, (cc,)) if cc else builder
    program = compiler.c_program("shortcut.c", (HERE / "shortcut.c").read_text())
    environment = {**os.environ, **Shim(Settings(mode, builder)).boot().env}
    if config:
        environment["VFORK_SHIM"] += config
    done = subprocess.run(
        [*program.argv, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout, int(done.stderr.removeprefix("changed "))


@pytest.mark.parametrize("when", ["spawn", "large", "calls"])
@MODES
def test_actions_are_those_of_linux_when_the_site_is_rewritten(builder: Builder, mode: Mode, when: str) -> None:
    native, _ = run(builder, Mode.NATIVE, when)
    shimmed, changed = run(builder, mode, when)
    assert shimmed == native
    assert "wrong 0" in native
    # The child of a fork rewrites its own copy.
    assert 0 < changed <= 5 or (mode is Mode.FORK and when != "calls")


@pytest.mark.needs(musl_tools="musl-gcc -shared -o probe.so -x c /dev/null")
@pytest.mark.parametrize("when", ["calls", "late"])
@MODES
def test_actions_are_those_of_linux_with_musl(builder: Builder, mode: Mode, when: str) -> None:
    native, _ = run(builder, Mode.NATIVE, when, cc="musl-gcc")
    shimmed, changed = run(builder, mode, when, cc="musl-gcc")
    assert shimmed == native
    assert "wrong 0" in native
    assert (0 < changed <= 5) == (when == "calls")


@MODES
def test_code_is_left_alone_once_threads_run(builder: Builder, mode: Mode) -> None:
    native, _ = run(builder, Mode.NATIVE, "late")
    assert run(builder, mode, "late") == (native, 0)


@MODES
def test_code_is_left_alone_on_demand(builder: Builder, mode: Mode) -> None:
    native, _ = run(builder, Mode.NATIVE, "calls")
    assert run(builder, mode, "calls", config=",text=keep") == (native, 0)


@MODES
def test_a_rewritten_site_keeps_registers_flags_and_red_zone(builder: Builder, mode: Mode) -> None:
    site = builder.shared_object("site.so", [HERE / "shortcut_site.c"], ("-shared", "-fPIC", *CASE_FLAGS))
    native, _ = run(builder, Mode.NATIVE, "calls", str(site))
    shimmed, changed = run(builder, mode, "calls", str(site))
    assert shimmed == native
    assert {answer.partition("/")[2] for answer in native.split()} == {"0"}
    assert 0 < changed <= 5
