# SPDX-License-Identifier: MIT
"""What a suspended parent and its child look like from outside, and that a verdict cites it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_vfork.building.builder import Builder
from pytest_vfork.judging.verdict import judge_case
from pytest_vfork.model import Boot, Case, Outcome
from pytest_vfork.running.observers import kcmp
from pytest_vfork.running.sites import Launch
from pytest_vfork.running.sites.local import LocalSite
from pytest_vfork.templates import suite

HANGS = """
import ctypes, os, signal
if ctypes.CDLL(None).{call}() == 0:
    while True:
        signal.pause()
os.wait()
"""


@pytest.mark.parametrize(("call", "shares_memory"), [("vfork", True), ("fork", False)])
def test_a_verdict_at_the_deadline_cites_where_everyone_was_and_what_they_share(
    builder: Builder, make_case: Callable[..., Case], call: str, shares_memory: bool
) -> None:
    case = next(case for case in suite.cases() if case.id == "suspension/parent-waits-until-exec")
    program = replace(builder.case(case, "vfork"), argv=(sys.executable, "-c", HANGS.format(call=call)))
    seen = LocalSite(builder).run(Launch(program, Boot(), 2.0))
    assert seen.status is None
    parent, child = sorted(seen.where, key=lambda thread: thread.pid)
    assert ("vm" in child.shares) is shares_memory
    assert "files" not in child.shares and "sighand" not in child.shares
    assert (parent.state, parent.wchan, parent.syscall) == (
        ("D", "kernel_clone", "58") if shares_memory else ("S", "do_wait", "61")
    )
    verdict = judge_case(make_case(order=("a.b < c.d",)), seen)
    assert verdict.outcome is Outcome.FAIL
    assert f"{parent.tid} {parent.state} in {parent.wchan}" in verdict.seen
    assert ("(memory of its parent)" in verdict.seen) is shares_memory


def test_what_cannot_be_compared_is_not_guessed() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert kcmp.shared(ended.pid, ended.pid) is None
