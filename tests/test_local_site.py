# SPDX-License-Identifier: MIT
"""The local site ends and reaps all that it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest
from waiting import has_ended, within

from pytest_vfork.building.builder import CASE_FLAGS, Builder
from pytest_vfork.model import Boot, Observation, Program
from pytest_vfork.running.agent import program as agent_program
from pytest_vfork.running.sites import Launch
from pytest_vfork.running.sites.local import LocalSite


def run(builder: Builder, *argv: str, deadline_s: float = 60, boot: Boot | None = None) -> Observation:
    return LocalSite(builder).run(Launch(Program(Path("none"), argv), boot or Boot(), deadline_s))


def test_status_output_and_events_come_back(builder: Builder) -> None:
    seen = run(builder, "sh", "-c", "echo out; echo err >&2; echo a.b 1 1 7 >>$0; exit 3", "{events}")
    assert (seen.status, seen.stdout, seen.stderr, seen.left_behind) == (3 << 8, "out\n", "err\n", ())
    assert [(event.name, event.value) for event in seen.events] == [("a.b", 7)]


def test_death_by_signal_is_told_as_such(builder: Builder) -> None:
    assert run(builder, "sh", "-c", "kill -9 $$").status == signal.SIGKILL


def test_a_program_that_is_not_there_ends_with_127(builder: Builder) -> None:
    seen = run(builder, "/no/such/program")
    assert seen.status == 127 << 8
    assert "No such file" in seen.stderr


def test_an_orphan_in_a_session_of_its_own_is_told_of_and_ended(builder: Builder) -> None:
    script = "import os, signal\nif os.fork() == 0:\n    os.setsid()\n    print(os.getpid(), flush=True)\n"
    script += "    signal.pause()\n"
    seen = run(builder, sys.executable, "-c", script)
    pid = int(seen.stdout or 0)
    assert seen.status == 0
    assert [left.split()[0] for left in seen.left_behind] == [str(pid)]
    assert not psutil.pid_exists(pid)


IN_TURN = """
a, b = os.pipe(), os.pipe()
os.write(a[1], b".")
mine, other = (a[0], b[1]) if os.fork() else (b[0], a[1])
while True: os.read(mine, 1); sum(range(5000)); os.write(other, b".")
"""


def keep_from_running(builder: Builder, cpu: int, then: str = "while True: pass") -> Observation:
    """Observe a program that wants a CPU which another one takes, at the least share that there is."""
    code = f"""
        import os, pathlib
        os.sched_setaffinity(0, {{{cpu}}})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        os.setsid()  # the agent is not to be kept from running
        group = pathlib.Path("/proc/self/autogroup")  # of the session (sched(7)): it counts first
        group.exists() and group.write_text("19")
    """
    taker = f"import os; os.sched_setaffinity(0, {{{cpu}}}); os.write(1, b'.')\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", taker], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout and other.stdout.read(1)
            return run(builder, sys.executable, "-c", textwrap.dedent(code) + then, deadline_s=3)
        finally:
            other.kill()


def test_a_program_that_the_machine_keeps_from_running_is_told_from_one_that_hangs(builder: Builder) -> None:
    """On every CPU: each has a clock of its own, and those of a virtual machine are seconds apart after some hours."""
    for cpu in sorted(os.sched_getaffinity(0))[:4]:
        seen = keep_from_running(builder, cpu)
        assert seen.status is None
        assert seen.cpu_s < seen.runnable_s / 4, (cpu, seen)
        assert seen.elapsed_s / 2 < seen.runnable_s <= seen.elapsed_s, (cpu, seen)
    hanging = run(builder, sys.executable, "-c", "import signal; signal.pause()", deadline_s=2)
    assert hanging.runnable_s < hanging.elapsed_s / 2


def test_two_that_wait_for_each_other_in_turn_are_kept_from_running_too(builder: Builder) -> None:
    seen = keep_from_running(builder, min(os.sched_getaffinity(0)), IN_TURN)
    assert seen.elapsed_s / 2 < seen.runnable_s <= seen.elapsed_s, seen
    assert seen.cpu_s < seen.runnable_s / 4, seen


def test_many_threads_that_loop_are_no_slow_machine(builder: Builder) -> None:
    code = "#include <pthread.h>\nstatic void *loop(void *of)\n{\n\tfor (;;)\n\t\t*(volatile int *)of = 1;\n}\n"
    code += "int main(void)\n{\n\tint of;\n\tpthread_t thread;\n\tfor (int i = 0; i < 60; i++)\n"
    code += "\t\tpthread_create(&thread, 0, loop, &of);\n\tloop(&of);\n}\n"
    seen = run(builder, *builder.c_program("loops.c", code, (*CASE_FLAGS, "-pthread")).argv, deadline_s=2)
    assert seen.status is None
    assert seen.cpu_s > seen.runnable_s / 4, seen


def test_at_the_deadline_it_says_who_was_where_and_ends_everyone(builder: Builder) -> None:
    seen = run(builder, "sh", "-c", "sleep 1000 & echo $!; wait", deadline_s=2)
    assert seen.status is None
    assert {thread.comm for thread in seen.where} == {"sh", "sleep"}
    assert all(thread.state == "S" and thread.syscall for thread in seen.where)
    assert not psutil.pid_exists(int(seen.stdout))


def test_a_prefix_and_an_environment_reach_the_program_alone(builder: Builder) -> None:
    boot = Boot(prefix=("env", "ADDED=1", "{argv}"), env={"GIVEN": "2"})
    assert run(builder, "sh", "-c", "echo $ADDED $GIVEN $1", "sh", "last", boot=boot).stdout == "1 2 last\n"


def test_what_it_started_ends_when_pytest_is_killed(builder: Builder, tmp_path: Path) -> None:
    agent_program.local(builder)  # compiled once
    started = tmp_path / "pid"
    script = textwrap.dedent(f"""
        from pathlib import Path
        from pytest_vfork.building.builder import Builder
        from pytest_vfork.building.cache import Cache
        from pytest_vfork.model import Boot, Program
        from pytest_vfork.running.sites import Launch
        from pytest_vfork.running.sites.local import LocalSite
        argv = ("sh", "-c", "echo $$ >{started}.new; mv {started}.new {started}; sleep 1000; :")
        LocalSite(Builder(Cache.of_user(), {builder.cc!r})).run(Launch(Program(Path("none"), argv), Boot(), 600))
    """)
    runner = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(tmp_path)})
    try:
        assert within(60, started.exists)
        program = psutil.Process(int(started.read_text()))
    finally:
        runner.kill()
        runner.wait(60)
    assert within(60, lambda: has_ended(program))


@pytest.mark.needs("cgroup2")
@pytest.mark.parametrize("end", ["exit 1", "kill -9 $$", "sleep 1000"])
def test_the_cgroup_of_a_program_that_is_ended_in_the_middle_goes(builder: Builder, end: str) -> None:
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text("utf-8").splitlines())
    root = next(where for _, where, kind, *_ in mounts if kind == "cgroup2")
    seen = run(builder, "sh", "-c", f"mkdir {root}/vfork-$$ && echo $$; {end}", deadline_s=2)
    assert seen.stdout and not Path(root, f"vfork-{seen.stdout.strip()}").exists()


@pytest.mark.parametrize(
    ("prefix", "whole"), [((), ("p", "a")), (("x",), ("x", "p", "a")), (("x", "{argv}", "y"), ("x", "p", "a", "y"))]
)
def test_a_prefix_wraps_the_command_line(prefix: tuple[str, ...], whole: tuple[str, ...]) -> None:
    assert Boot(prefix).wrap(("p", "a")) == whole


def test_a_process_without_its_main_thread_is_ended_too(builder: Builder) -> None:
    code = """
        import ctypes, threading, time
        threading.Thread(target=time.sleep, args=(600,)).start()
        ctypes.CDLL(None).syscall(60, 0)  # exit(2), of this thread alone
    """
    seen = run(builder, sys.executable, "-c", textwrap.dedent(code), deadline_s=2)
    assert seen.status is None
