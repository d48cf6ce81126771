# SPDX-License-Identifier: MIT
"""The call site of sigaction(3) is rewritten, and nothing but the bytes of the code tells it (shim/shortcut.c)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_vfork.build import CASE_FLAGS, Builder
from pytest_vfork.interposers import Settings
from pytest_vfork.interposers.shim import Shim
from pytest_vfork.model import Mode

HERE = Path(__file__).parent
MODES = pytest.mark.parametrize("mode", [Mode.FORK, Mode.REISSUE, Mode.EMULATE], ids=["fork", "reissue", "emulate"])


def run(builder: Builder, mode: Mode, *arguments: str, config: str = "") -> tuple[str, int]:
    """Return what the program printed, and how many bytes of code it found changed."""
    program = builder.c_program("shortcut.c", (HERE / "shortcut.c").read_text())
    environment = {**os.environ, **Shim(Settings(mode, (), builder)).boot().env}
    if config:
        environment["VFORK_SHIM"] += config
    done = subprocess.run(
        [*program.argv, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout, int(done.stderr.removeprefix("changed "))


@pytest.mark.parametrize(
    "mode", [Mode.REISSUE, Mode.EMULATE], ids=["reissue", "emulate"]
)  # fork: in the child's copy alone
def test_actions_are_those_of_linux_when_the_site_is_rewritten(builder: Builder, mode: Mode) -> None:
    native, _ = run(builder, Mode.NATIVE, "first")
    shimmed, changed = run(builder, mode, "first")
    assert shimmed == native
    assert "wrong 0" in native
    assert 0 < changed <= 5


@MODES
def test_code_is_left_alone_once_threads_run(builder: Builder, mode: Mode) -> None:
    native, _ = run(builder, Mode.NATIVE, "late")
    assert run(builder, mode, "late") == (native, 0)


@MODES
def test_code_is_left_alone_on_demand(builder: Builder, mode: Mode) -> None:
    native, _ = run(builder, Mode.NATIVE, "first")
    assert run(builder, mode, "first", config=",text=keep") == (native, 0)


@MODES
def test_a_rewritten_site_keeps_registers_flags_and_red_zone(builder: Builder, mode: Mode) -> None:
    site = builder.shared_object("site.so", [HERE / "shortcut_site.c"], ("-shared", "-fPIC", *CASE_FLAGS))
    native, _ = run(builder, Mode.NATIVE, "first", str(site))
    shimmed, changed = run(builder, mode, "first", str(site))
    assert shimmed == native
    assert {answer.partition("/")[2] for answer in native.split()} == {"0"}
    assert 0 < changed <= 5
