# SPDX-License-Identifier: MIT
"""What reaches the kernel, as it tells a tracer outside the interposer: a case's calls, in each mode of the shim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_vfork.building.builder import Builder
from pytest_vfork.judging.verdict import judge_case
from pytest_vfork.model import Case, Mode, Observation
from pytest_vfork.running.interposers import Settings
from pytest_vfork.running.interposers.shim import Shim
from pytest_vfork.running.observers.ptrace_events import PtraceEvents
from pytest_vfork.running.sites import Launch
from pytest_vfork.running.sites.local import LocalSite
from pytest_vfork.templates import suite

pytest.importorskip("ptrace", reason="pip install 'pytest-vfork[ptrace]'")

CASE = "suspension/parent-waits-until-exec"
CALLS = ("vfork", "libc-vfork", "clone", "clone-stack", "clone3", "clone3-stack", "posix_spawn")


def observe(builder: Builder, mode: Mode, call: str, id: str = CASE) -> Observation:
    case = next(case for case in suite.cases() if case.id == id)
    program = builder.case(case, call)
    program = replace(program, argv=(*program.argv, "{events}"))
    boot = Shim(Settings(mode, builder)).boot()
    return LocalSite(builder).run(Launch(program, PtraceEvents().around(boot), 60.0))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("mode", [Mode.NATIVE, Mode.REISSUE])
def test_the_kernel_tells_of_a_vfork_that_reaches_it(
    builder: Builder, make_case: Callable[..., Case], mode: Mode, call: str
) -> None:
    seen = observe(builder, mode, call)
    rules = make_case(
        order=(
            "kernel.vfork < kernel.vfork-done",
            "kernel.vfork < parent.returned",
            "kernel.vfork-done < parent.returned",
        ),
        expect=("kernel.vfork == parent.returned", "kernel.vfork-done == kernel.vfork", "count(kernel.vfork) == 1"),
        never=(),
    )
    assert judge_case(rules, seen).outcome.value == "pass", judge_case(rules, seen)
    child = next(event.value for event in seen.events if event.name == "kernel.vfork")
    theirs = [event.name for event in seen.events if event.tid == child and event.name != "kernel.signal"]
    assert [name for name in theirs if name.startswith("kernel.")] == ["kernel.starts", "kernel.execs", "kernel.exits"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("mode", [Mode.FORK, Mode.EMULATE])
def test_the_kernel_never_sees_a_vfork(builder: Builder, make_case: Callable[..., Case], mode: Mode, call: str) -> None:
    seen = observe(builder, mode, call)
    rules = make_case(expect=("kernel.fork != 0",), never=("kernel.vfork", "kernel.vfork-done"))
    assert judge_case(rules, seen).outcome.value == "pass", judge_case(rules, seen)
    made = {event.value for event in seen.events if event.name == "kernel.fork"}
    assert {event.value for event in seen.events if event.name == "parent.returned"} <= made


def test_a_signal_is_told_before_it_is_delivered(builder: Builder, make_case: Callable[..., Case]) -> None:
    seen = observe(builder, Mode.NATIVE, "vfork", "signals/handled-signal-waits-until-release")
    handled = next(event for event in seen.events if event.name == "parent.handles")
    told = [e.seq for e in seen.events if (e.name, e.tid, e.value) == ("kernel.signal", handled.tid, handled.value)]
    assert told and told[0] < handled.seq
    rules = make_case(order=("kernel.vfork-done < parent.handles", "kernel.vfork-done < parent.returned"))
    assert judge_case(rules, seen).outcome.value == "pass", judge_case(rules, seen)
