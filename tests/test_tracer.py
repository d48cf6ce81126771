# SPDX-License-Identifier: MIT
"""What our tracer promises beyond the suite: it serves any program, is invisible but for being a tracer, and leaves
nobody behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from waiting import has_ended, within

from pytest_vfork.building.builder import Builder
from pytest_vfork.judging.events import parse_spawns
from pytest_vfork.model import Event, Mode, Observation
from pytest_vfork.running.interposers import Settings
from pytest_vfork.running.interposers.ptrace import Ptrace
from pytest_vfork.running.interposers.shim import Shim

pytest.importorskip("ptrace", reason="pip install 'pytest-vfork[ptrace]'")

MODES = tuple(Mode)
DEADLINE_S = 120
Traced = Callable[..., subprocess.CompletedProcess[str]]


def command(mode: Mode, *argv: str, log: Path | None = None) -> list[str]:
    logs = ("--log", str(log)) if log else ()
    return [sys.executable, "-m", "pytest_vfork.running.tracer", "--mode", mode.value, *logs, "--", *argv]


@pytest.fixture(params=MODES, ids=[mode.value for mode in MODES])
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(request.param)


@pytest.fixture
def traced(mode: Mode) -> Traced:
    """Run a command under the tracer; returns what it wrote and its status."""

    def run(*argv: str, **options: object) -> subprocess.CompletedProcess[str]:
        keys = {"capture_output": True, "text": True, "timeout": DEADLINE_S, "check": False, **options}
        return subprocess.run(command(mode, *argv), **keys)  # type: ignore[call-overload, no-any-return]

    return run


@pytest.mark.parametrize(
    ("script", "status"),
    [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", -15), ("kill -KILL $$", -9), ("kill -ABRT $$", -6)],
)
def test_the_end_of_the_program_is_its_own(traced: Traced, script: str, status: int) -> None:
    assert traced("sh", "-c", script).returncode == status


def test_a_program_that_is_not_there(traced: Traced, tmp_path: Path) -> None:
    done = traced("/nonexistent")
    assert (done.returncode, done.stderr) == (127, "/nonexistent: No such file or directory\n")
    (tmp_path / "text").write_text("not a program")
    assert traced(str(tmp_path / "text")).returncode == 126


def test_environment_signals_and_descriptors_are_those_of_the_tracer(traced: Traced, mode: Mode) -> None:
    look = "env; grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status; ls /proc/self/fd; umask; ulimit -a"
    plain = subprocess.run(["sh", "-c", look], capture_output=True, text=True, check=True, env={"A": "b"}).stdout
    assert _for_programs(traced("/bin/sh", "-c", look, env={"A": "b"}).stdout) == _for_programs(plain)


def _for_programs(text: str) -> str:
    """Leave out signals 32 and 33: glibc's own, which its posix_spawn ignores in the child, and Python's way varies."""
    return re.sub(r"\t([0-9a-f]{16})$", lambda mask: f"\t{int(mask[1], 16) & ~0x180000000:016x}", text, flags=re.M)


def test_a_static_program_is_interposed(traced: Traced, mode: Mode, builder: Builder, tmp_path: Path) -> None:
    source, program = tmp_path / "ask.c", tmp_path / "ask"
    source.write_text(
        "#include <errno.h>\n#include <stdio.h>\n#include <sys/prctl.h>\n"
        'int main(void) { int r = prctl(0x76667074, 0, 0, 0, 0); printf("%x\\n", r ? errno : 0); return 0; }\n'
    )
    cc = [part.replace("linux-gnu", "linux-musl") for part in builder.cc]
    subprocess.run([*cc, "-static", "-o", str(program), str(source)], check=True, timeout=300)
    answers = {Mode.NATIVE: "16", Mode.FORK: "f41", Mode.REISSUE: "f42", Mode.EMULATE: "f43"}
    assert traced("sh", "-c", f"env -i {program}").stdout.strip() == answers[mode]


def test_warnings_as_errors_do_not_stop_it(mode: Mode) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest_vfork.running.tracer", "--mode", mode.value, "--", "true"],
        capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


THREADS = """
import subprocess, threading
def spawn():
    for n in range(25):
        assert subprocess.run(["/bin/sh", "-c", f"exit {n}"], close_fds=n % 2).returncode == n
threads = [threading.Thread(target=spawn) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
print("done")
"""


def test_threads_that_spawn_at_once(traced: Traced) -> None:
    done = traced(sys.executable, "-c", THREADS)
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)


def test_an_alternate_signal_stack_is_kept_by_the_child_of_every_thread(traced: Traced, mode: Mode) -> None:
    """faulthandler sets one, so each of these calls goes the long way (tracer/altstack.py)."""
    script = "import faulthandler; faulthandler.enable()\n" + THREADS
    assert traced(sys.executable, "-c", script).stdout == "done\n"


@pytest.mark.parametrize("mode", [Mode.NATIVE, Mode.REISSUE, Mode.EMULATE], ids=lambda mode: mode.value, indirect=True)
def test_threads_that_use_one_struct_in_read_only_memory(traced: Traced, builder: Builder) -> None:
    source = Path(__file__).with_name("one_struct.c").read_text("utf-8")
    done = traced(*builder.c_program("one_struct.c", source).argv)
    # A thread may see the flags of another's call while that is in the kernel (docs/ptrace.md).
    assert re.fullmatch(r"wrong flags \d+, not suspended 0, failed 0, flags at the end right\n", done.stdout), done


def test_an_exec_by_another_thread_takes_the_place_of_the_process(traced: Traced) -> None:
    script = "import os, threading, time\n"
    script += "threading.Thread(target=os.execv, args=('/bin/sh', ['sh', '-c', 'true; echo $$'])).start()\n"
    script += "time.sleep(1000)\n"
    done = traced("sh", "-c", 'echo $$; exec "$0" -c "$1"', sys.executable, script)
    first, second = done.stdout.split()
    assert (first, done.returncode) == (second, 0)


def test_a_stopped_program_stays_stopped_until_it_is_continued(traced: Traced) -> None:
    script = """
import os, signal, subprocess
child = subprocess.Popen(["/bin/sh", "-c", "kill -STOP $$; exit 5"])
_, status = os.waitpid(child.pid, os.WUNTRACED)
print(os.WIFSTOPPED(status), os.WSTOPSIG(status) == signal.SIGSTOP)
print(open(f"/proc/{child.pid}/stat").read().split()[2] in "Tt")
os.kill(child.pid, signal.SIGCONT)
print(child.wait())
"""
    assert traced(sys.executable, "-c", script).stdout == "True True\nTrue\n5\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nobody_outlives_the_tracer(mode: Mode, number: int) -> None:
    """SIGKILL of the tracer is everybody's end; SIGTERM is passed on to the program."""
    script = (
        "sh -c 'echo ready; exec sleep 1000' & exec sleep 1000"
        if number == signal.SIGKILL
        else "echo ready; exec sleep 1000"
    )
    with subprocess.Popen(command(mode, "sh", "-c", script), stdout=subprocess.PIPE, text=True) as tracer:
        assert tracer.stdout and tracer.stdout.readline() == "ready\n"
        tracees = psutil.Process(tracer.pid).children(recursive=True)
        assert tracees
        tracer.send_signal(number)
        assert tracer.wait(DEADLINE_S) == -number
    assert within(DEADLINE_S, lambda: all(map(has_ended, tracees)))


def test_who_outlives_the_program_is_followed_to_his_end(traced: Traced, mode: Mode, tmp_path: Path) -> None:
    """As under strace -f: with its tracer gone, the filter would fail every call of a process that is left."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    late = f"read line < {fifo}; /bin/echo $line > {tmp_path / 'out'}"
    tracer = subprocess.Popen(command(mode, "sh", "-c", f"({late}) & exit 4"), stdout=subprocess.DEVNULL)
    with open(fifo, "w") as gate:
        gate.write("late\n")
    assert tracer.wait(DEADLINE_S) == 4
    assert (tmp_path / "out").read_text() == "late\n"


def test_the_log_is_that_of_the_shim(builder: Builder, mode: Mode, tmp_path: Path) -> None:
    if mode is Mode.NATIVE:
        pytest.skip("the shim has no log in mode native")
    script = "import os, subprocess\nsubprocess.run(['/bin/true'])\nsubprocess.run(['/bin/true'], close_fds=False)\n"
    script += "os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)\n(os.fork() or os._exit(0)) and os.wait()\n"
    logs = [tmp_path / "shim", tmp_path / "tracer"]
    boot = Shim(Settings(mode, builder)).boot(str(logs[0]))
    subprocess.run([sys.executable, "-c", script], env={**os.environ, **boot.env}, check=True, timeout=DEADLINE_S)
    subprocess.run(command(mode, sys.executable, "-c", script, log=logs[1]), check=True, timeout=DEADLINE_S)
    ours, theirs = ([_shape(line) for line in log.read_text().splitlines()] for log in logs)
    assert ours == theirs
    assert len(parse_spawns(logs[1].read_text())) == len(theirs) == 4


def _shape(line: str) -> str:
    return re.sub(r"(pid|tid|child)=\d+|stack=0x[0-9a-f]{2,}", r"\1", line)


def test_a_call_that_fails_is_undone(traced: Traced) -> None:
    """RLIMIT_NPROC holds for root too in a user without rights; glibc's vfork() comes back with its registers."""
    script = """
import os, resource, subprocess
if os.getuid() == 0:
    os.setresuid(65534, 65534, 65534)
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
for close_fds in (True, False):
    try:
        subprocess.run(["/bin/true"], close_fds=close_fds)
    except BlockingIOError as error:
        print("EAGAIN")
"""
    assert traced(sys.executable, "-c", script, cwd="/").stdout == "EAGAIN\nEAGAIN\n"


@pytest.mark.parametrize(
    ("answer", "tracer", "found"),
    [(0xF43, 0, "the probe is not traced"), (0xF41, 1, "the probe heard 3905"), (22, 1, "the probe heard 22")],
)
def test_a_tracer_that_does_not_intercept_is_found_out(builder: Builder, answer: int, tracer: int, found: str) -> None:
    events = [("probe.tracer", tracer), ("probe.tracer-answer", answer), ("probe.spawned", 42 << 8)]
    seen = Observation(tuple(Event(n, name, 1, 1, value) for n, (name, value) in enumerate(events)), 0, "", "", 0.0)
    complaint = Ptrace(Settings(Mode.EMULATE, builder)).complain(seen)
    assert complaint is not None and found in complaint
