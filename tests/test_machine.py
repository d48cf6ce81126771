# SPDX-License-Identifier: MIT
"""The machine is hostile: what a user reads of it is one sentence, and never that the interposer deviates."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from machine import CASE, DEADLINE_S, ITEM, STRANGER, Machine, Said, pytest_command, stranger

from pytest_vfork.building.builder import Builder
from pytest_vfork.records.read import read_record
from pytest_vfork.templates import places

USAGE, ONE_ERROR, PASSES, SKIPS = 4, 1, 0, 0
# linux/unistd_64.h
PTRACE, FLOCK, PRCTL, SECCOMP, KCMP, CLONE3, UNSHARE, CLONE = "101", "73", "157", "317", "312", "435", "272", "56"
PR_SET_SECCOMP, CLONE_NEWUSER = "22", "0x10000000"
BOUND = "mount --bind $at/cache $at/cache; mount -o remount,bind,{} $at/cache"


@pytest.fixture
def machine(tmp_path: Path, builder: Builder) -> Machine:
    return Machine(tmp_path, builder)


@dataclass(frozen=True)
class Situation:
    """`says` is what must stand on one line of what the user reads, `counted` is how the run counts, in the last."""

    name: str
    status: int
    says: str
    counted: str = ""
    setup: str = ""
    wrap: tuple[str, ...] = ()
    error: int = 0
    denied: tuple[str, ...] = ()
    env: dict[str, str | None] = field(default_factory=dict)
    arguments: tuple[str, ...] = ("--vfork-mode=emulate",)
    item: str = ITEM


def case(name: str) -> str:
    return str(places.folder("c_tests") / f"{name}.c.j2")


NATIVE, TRACER = ("--vfork-mode=native",), ("--vfork-interposer=ptrace",)
SITUATIONS = [
    Situation(
        "full disk: the cache",
        ONE_ERROR,
        r"^vfork: the cache: \S+: No space left on device: set XDG_CACHE_HOME to another folder$",
        "1 error",
        "rm -r $at/cache; mkdir $at/cache; mount -t tmpfs -o size=64k none $at/cache",
        arguments=NATIVE,
    ),
    Situation(
        "full disk: TMPDIR",
        ONE_ERROR,
        r"^vfork: \S+: No space left on device for what a program writes$",
        "1 error",
        "mount -t tmpfs -o size=64k none $at/tmp; cat /dev/zero >$at/tmp/full 2>/dev/null || :",
    ),
    Situation(
        "read-only cache, empty",
        USAGE,
        r"^ERROR: vfork: the cache: \S+: Read-only file system: set XDG_CACHE_HOME to another folder$",
        setup=f"rm -r $at/cache; mkdir $at/cache; {BOUND.format('ro')}",
    ),
    Situation("read-only cache that has all", PASSES, "^1 passed", setup=BOUND.format("ro")),
    Situation(
        "a cache where no folder can be",
        USAGE,
        r"^ERROR: vfork: the cache: /dev/null/x/pytest-vfork: Not a directory: set XDG_CACHE_HOME to another folder$",
        env={"XDG_CACHE_HOME": "/dev/null/x"},
    ),
    Situation(
        "the same with xdist",
        USAGE,
        r"^ERROR: vfork: the cache: /dev/null/x/pytest-vfork: Not a directory: set XDG_CACHE_HOME to another folder$",
        env={"XDG_CACHE_HOME": "/dev/null/x"},
        arguments=("-n2",),
    ),
    Situation(
        "noexec cache",
        USAGE,
        r"^ERROR: vfork: the cache: \S+ is mounted noexec: no program starts there: set XDG_CACHE_HOME to another",
        setup=BOUND.format("noexec"),
    ),
    Situation(
        "noexec TMPDIR",
        USAGE,
        r"^ERROR: vfork: TMPDIR: \S+ is mounted noexec: no program starts there: set TMPDIR to another$",
        setup="mount -t tmpfs -o noexec none $at/tmp",
    ),
    Situation(
        "read-only TMPDIR",
        USAGE,
        r"^ERROR: vfork: TMPDIR: \S+ is on a read-only file system: set TMPDIR to another$",
        setup="mount -t tmpfs -o ro none $at/tmp",
    ),
    Situation(
        "TMPDIR that this user cannot write",
        USAGE,
        r"^ERROR: vfork: TMPDIR: /sys cannot be written: set TMPDIR to another$",
        setup="mount -t tmpfs -o mode=755 none /sys; chown -R 54321:54321 $at",
        wrap=STRANGER,
        env={"TMPDIR": "/sys"},
    ),
    Situation(
        "TMPDIR that is not there",
        USAGE,
        r"^ERROR: vfork: TMPDIR: /no/such cannot be used \(No such file or directory\): set TMPDIR to another$",
        env={"TMPDIR": "/no/such"},
    ),
    Situation(
        "no /proc",
        USAGE,
        r"^ERROR: vfork: /proc is not there, and without it .*: mount -t proc proc /proc$",
        setup="mount -t tmpfs none /proc",
    ),
    Situation(
        "RLIMIT_NPROC: no process more",
        ONE_ERROR,
        r"^vfork: .*Resource temporarily unavailable",
        "1 error",
        "chown -R 54322:54322 $at",
        ("prlimit", "--nproc=3", *stranger(54322)),
    ),
    Situation(
        "RLIMIT_NPROC: too few for some cases",
        SKIPS,
        r"it needs room for 64 processes: ulimit -u, and pids.max of the cgroup$",
        "1 skipped",
        "chown -R 54323:54323 $at",
        ("prlimit", "--nproc=30", *stranger(54323)),
    ),
    Situation(
        "RLIMIT_NOFILE 16",
        ONE_ERROR,
        r"^vfork: this machine has run out of something \(Too many open files\): see ulimit -a, df and free$",
        "1 error",
        wrap=("prlimit", "--nofile=16"),
    ),
    Situation(
        "RLIMIT_NOFILE 64",
        SKIPS,
        r"it needs descriptors up to 255: ulimit -n 1024$",
        "1 skipped",
        wrap=("prlimit", "--nofile=64"),
    ),
    Situation("RLIMIT_AS 128 MiB", PASSES, "^1 passed", wrap=("prlimit", f"--as={128 << 20}")),
    Situation(
        "no ptrace (EPERM): the tracer",
        SKIPS,
        r"the tracer needs ptrace\(2\) and seccomp filters, and this machine refuses them \(Operation not ",
        "1 skipped",
        error=errno.EPERM,
        denied=(PTRACE,),
        arguments=TRACER,
    ),
    Situation(
        "no ptrace (ENOSYS): the cases that trace",
        SKIPS,
        r"it needs ptrace\(2\): kernel.yama.ptrace_scope below 3, and no sandbox that forbids it",
        "2 skipped",
        error=errno.ENOSYS,
        denied=(PTRACE,),
        arguments=(*NATIVE, "--vfork-calls=vfork,clone"),
        item=case("ptrace/vfork-event-then-the-child-then-vfork-done"),
    ),
    Situation(
        "kcmp denied with EPERM",
        SKIPS,
        r"it needs kcmp\(2\): a kernel with CONFIG_KCMP, and no sandbox that forbids kcmp\(2\)$",
        "1 skipped",
        error=errno.EPERM,
        denied=(KCMP,),
        arguments=(*NATIVE, "--vfork-calls=clone"),
        item=case("memory/kcmp-finds-one-address-space"),
    ),
    Situation(
        "kcmp denied with ENOSYS",
        SKIPS,
        r"it needs kcmp\(2\): a kernel with CONFIG_KCMP, and no sandbox that forbids kcmp\(2\)$",
        "1 skipped",
        error=errno.ENOSYS,
        denied=(KCMP,),
        arguments=(*NATIVE, "--vfork-calls=clone"),
        item=case("memory/kcmp-finds-one-address-space"),
    ),
    Situation(
        "clone3 denied with EPERM, as by Docker before 20.10.10",
        SKIPS,
        r"it needs a posix_spawn\(3\) that makes a process: no sandbox that answers clone3\(2\) with anything ",
        "4 passed, 3 skipped",
        error=errno.EPERM,
        denied=(CLONE3,),
        item=str(CASE),
    ),
    Situation(
        "clone3 denied with ENOSYS, as by Docker since",
        SKIPS,
        r"it needs clone3\(2\): Linux 5.3 or newer, and no sandbox that forbids it",
        "5 passed, 2 skipped",
        error=errno.ENOSYS,
        denied=(CLONE3,),
        item=str(CASE),
    ),
    Situation(
        "no seccomp: the shim",
        SKIPS,
        r"the shim needs seccomp filters, and this machine refuses them: a kernel with CONFIG_SECCOMP_FILTER, and no ",
        "1 skipped",
        error=errno.EINVAL,
        denied=(f"{PRCTL}:0={PR_SET_SECCOMP}", SECCOMP),
    ),
    Situation(
        "no seccomp: the tracer",
        SKIPS,
        r"the tracer needs ptrace\(2\) and seccomp filters, and this machine refuses them \(Invalid argument\): ",
        "1 skipped",
        error=errno.EINVAL,
        denied=(f"{PRCTL}:0={PR_SET_SECCOMP}", SECCOMP),
        arguments=(*TRACER, "--vfork-mode=emulate"),
    ),
    Situation(
        "no user namespaces",
        SKIPS,
        r"it needs user namespaces: a kernel with CONFIG_USER_NS, user.max_user_namespaces above 0, and no sandbox ",
        "1 skipped",
        error=errno.EPERM,
        denied=(f"{UNSHARE}:0&{CLONE_NEWUSER}", f"{CLONE}:0&{CLONE_NEWUSER}"),
        arguments=(*NATIVE, "--vfork-calls=clone"),
        item=case("arguments/new-user-namespace-gives-the-child-capabilities-there"),
    ),
    Situation("no new privileges", PASSES, "^1 passed", wrap=("setpriv", "--no-new-privs")),
    Situation(
        "an unprivileged user without passwd entry",
        PASSES,
        "^1 passed",
        setup="chown -R 54321:54321 $at",
        wrap=STRANGER,
        env={"HOME": None},
    ),
    Situation(
        "no HOME, no passwd entry, no XDG_CACHE_HOME",
        USAGE,
        r"^ERROR: vfork: the cache has no place: HOME is not set; set it, or XDG_CACHE_HOME$",
        setup="chown -R 54321:54321 $at",
        wrap=STRANGER,
        env={"HOME": None, "XDG_CACHE_HOME": None},
    ),
    Situation(
        "HOME relative, no XDG_CACHE_HOME",
        USAGE,
        r"^ERROR: vfork: the cache has no place: HOME is 'foo', no absolute path; set it, or XDG_CACHE_HOME$",
        env={"HOME": "foo", "XDG_CACHE_HOME": None},
    ),
    Situation("PATH empty", ONE_ERROR, r"^vfork: no such C compiler: cc$", "1 error", env={"PATH": ""}),
    Situation(
        "LANG=C, without UTF-8 mode",
        PASSES,
        "^1 passed",
        env={"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ),
    Situation(
        "locks refused, as by NFS",
        PASSES,
        "^1 passed",
        "1 passed",
        "rm -r $at/cache; mkdir $at/cache",
        error=errno.ENOLCK,
        denied=(FLOCK,),
        arguments=NATIVE,
    ),
]


@pytest.mark.needs("root", util_linux="unshare -m setpriv --no-new-privs true", gcc="cc --version")
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_one_sentence_says_what_is_the_matter(machine: Machine, situation: Situation) -> None:
    denied = machine.deny(situation.error, *situation.denied) if situation.denied else ()
    said = machine.run(
        *situation.arguments,
        setup=situation.setup,
        wrap=(*situation.wrap, *denied),
        env=situation.env,
        item=situation.item,
    )
    check(said, situation.status, situation.says, situation.counted)
    assert machine.left() == []


def check(said: Said, status: int, says: str, counted: str = "") -> None:
    print(said.text)
    assert re.search(says, said.text, re.MULTILINE), said.text
    assert said.status == status, said.text
    assert counted in said.counted, said.text
    assert "FAILED" not in said.text and " failed" not in said.counted, said.text


# A space, quotes, a newline, what a shell would run; and a byte that is no UTF-8.
ODD = os.fsdecode(b"a b' \"\n$(touch x); `id` & * b\xffyte")
needs_shell = pytest.mark.needs(gcc="cc --version")


@needs_shell
def test_a_path_may_hold_any_byte(machine: Machine) -> None:
    here = machine.at / ODD
    places_there = {"XDG_CACHE_HOME": here / "cache", "TMPDIR": here / "tmp"}
    here.mkdir()
    for folder in places_there.values():
        (machine.at / folder.name).rename(folder)
    record, page = here / "run.jsonl", here / "run.html"
    written = (f"--vfork-record={record}", f"--vfork-html={page}")
    said = machine.run(*NATIVE, *written, env={key: str(path) for key, path in places_there.items()})
    check(said, PASSES, "^1 passed")
    assert [item.verdict.outcome.value for item in read_record(record).items.values()] == ["pass"]
    assert "parent-waits-until-exec" in page.read_text("utf-8")
    assert not list(machine.at.rglob("x"))  # what no shell was to make
    assert not any((here / "tmp").iterdir())


@needs_shell
def test_a_folder_for_what_programs_write_may_be_called_anything_under_the_shim(machine: Machine) -> None:
    (machine.at / "tmp" / ODD).mkdir()
    said = machine.run("--vfork-mode=emulate", env={"TMPDIR": str(machine.at / "tmp" / ODD)})
    check(said, PASSES, "^1 passed")
    assert machine.left() == [ODD] and not any((machine.at / "tmp" / ODD).iterdir())


@needs_shell
@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["plain", "xdist"])
def test_the_shim_says_of_a_path_that_ld_preload_cannot_carry(machine: Machine, workers: tuple[str, ...]) -> None:
    (machine.at / "a b").mkdir()
    (machine.at / "cache").rename(machine.at / "a b/cache")
    there = {"XDG_CACHE_HOME": str(machine.at / "a b/cache")}
    says = r"the cache: .*/a b/cache/pytest-vfork: a path with a space, which LD_PRELOAD and VFORK_SHIM cannot carry, "
    check(machine.run("--vfork-mode=emulate", *workers, env=there), USAGE, f"^ERROR: vfork: {says}")
    check(machine.run("--vfork-mode=native", *workers, env=there), PASSES, "^1 passed")
    command = ["pytest-vfork", "--vfork-cc=cc", "run", "--", "true"]
    done = subprocess.run(
        command, env={**os.environ, **there}, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert re.match(f"pytest-vfork: {says}", done.stderr) and done.returncode == 126


@needs_shell
def test_the_shim_says_of_a_log_that_vfork_shim_cannot_carry(machine: Machine) -> None:
    """Of a workload, whose log lies in TMPDIR; without it nobody would see its spawns."""
    split = machine.at / "tmp/a,b"
    split.mkdir()
    for arguments in (NATIVE, ("--vfork-mode=emulate",)):
        said = machine.run(*arguments, env={"TMPDIR": str(split)})
        check(said, USAGE, r"^ERROR: vfork: TMPDIR: \S+/a,b has a comma, which VFORK_SHIM cannot carry: set TMPDIR to")
    for words in (["census"], ["run", "--vfork-log", f"{split}/log"]):
        done = subprocess.run(
            ["pytest-vfork", "--vfork-cc=cc", *words, "--", "true"],
            env={**os.environ, "XDG_CACHE_HOME": f"{machine.at}/cache", "TMPDIR": str(split)},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        says = r"pytest-vfork: the log of spawns, .*/a,b/.*: VFORK_SHIM cannot carry a path with a comma\n"
        assert re.fullmatch(says, done.stderr) and done.returncode == 126


@needs_shell
def test_xdist_sends_utf_8_alone(machine: Machine) -> None:
    name = machine.at / ODD
    (machine.at / "cache").rename(name)
    said = machine.run("-n1", env={"XDG_CACHE_HOME": str(name)})
    check(said, USAGE, r"^ERROR: vfork: '.*': xdist sends no bytes that are not UTF-8: run without -n$")


@needs_shell
@pytest.mark.needs("root", util_linux="unshare -m true", locales="localedef --version")
def test_a_turkish_locale_changes_nothing(machine: Machine, tmp_path: Path) -> None:
    made = ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(tmp_path / "tr_TR.UTF-8")]
    if subprocess.run(made, capture_output=True, timeout=DEADLINE_S, check=False).returncode:
        pytest.skip("the source of the locale is not here: apt-get install locales")
    env = {"LOCPATH": str(tmp_path), "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}
    shutil.rmtree(machine.at / "cache")
    check(machine.run(*NATIVE, env=env), PASSES, "^1 passed")


JUMPS = """#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The clock of the wall jumps by a day at every look, to and fro; that which only runs on does not. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int looks;
	int error = syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_REALTIME)
		now->tv_sec += looks++ % 2 ? 86400 : -86400;
	return error;
}
"""


@needs_shell
def test_a_clock_that_jumps_changes_nothing(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "jumps.c").write_text(JUMPS)
    jumps = tmp_path / "jumps.so"
    cc = ["cc", "-shared", "-fPIC", "-o", str(jumps), str(tmp_path / "jumps.c")]
    subprocess.run(cc, timeout=DEADLINE_S, check=True)
    shutil.rmtree(machine.at / "cache")
    record = machine.at / "run.jsonl"
    said = machine.run(*NATIVE, f"--vfork-record={record}", env={"LD_PRELOAD": str(jumps)})
    check(said, PASSES, "^1 passed")
    seen = next(iter(read_record(record).items.values())).seen
    assert seen and 0 < seen.elapsed_s < DEADLINE_S
    check(machine.run(*NATIVE), PASSES, "^1 passed")  # with what it left


@needs_shell
def test_two_cold_runs_at_once_make_one_cache(machine: Machine) -> None:
    cache = machine.at / "cache"
    shutil.rmtree(cache)
    env = {**os.environ, "XDG_CACHE_HOME": str(cache), "TMPDIR": str(machine.at / "tmp")}
    command = pytest_command(str(CASE), *NATIVE)
    runs = [
        subprocess.Popen(command, env=env, cwd=machine.at, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    for one in runs:
        text, _ = one.communicate(timeout=DEADLINE_S)
        check(Said(one.returncode, text), PASSES, "^7 passed", "7 passed")
    assert not list(cache.glob("*/.making-*"))
    check(machine.run(*NATIVE), PASSES, "^1 passed")


@pytest.fixture
def little_memory() -> Iterator[list[str]]:
    """What starts a command with 128 MiB, and no swap: a cgroup of version 2 or 1."""
    made = [Path(root) / f"pytest-vfork-{os.getpid()}" for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory")]
    for group in made:
        try:
            group.mkdir()
        except OSError:
            continue
        limits = {"memory.max": 128 << 20, "memory.swap.max": 0, "memory.limit_in_bytes": 128 << 20}
        there = [name for name in limits if (group / name).exists()]
        for name in there:
            (group / name).write_text(str(limits[name]))
        try:
            if there:
                yield ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(group)]
                return
        finally:
            group.rmdir()
    pytest.skip("no cgroup that limits memory: mount -t cgroup2 none /sys/fs/cgroup; run as root")


HUNGRY = """\
/*---
id: tiny/hungry
level: posix
spec: 'vfork(2): "a child process"'
do: The child takes 300 MiB.
must: It runs.
calls: [vfork]
expect: [parent.returned != 0]
fails_under: []
---*/
{% extends "_lib/case.c.j2" %}
{% block child %}
	_exit(0);
{% endblock %}
{% block parent %}
	long pid = spawn(0);
	size_t size = 300 << 20;
	char *taken = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(taken, 1, size);
	event("parent.returned", pid);
	waitpid(pid, NULL, 0);
{% endblock %}
"""


@needs_shell
@pytest.mark.needs("root")
def test_with_128_mib_of_memory_it_runs(machine: Machine, little_memory: list[str]) -> None:
    check(machine.run("--vfork-mode=emulate", wrap=little_memory), PASSES, "^1 passed")


@needs_shell
@pytest.mark.needs("root")
def test_what_is_killed_for_want_of_memory_is_broken_and_no_deviation(
    machine: Machine, little_memory: list[str]
) -> None:
    (machine.at / "tiny").mkdir()
    (machine.at / "tiny/hungry.c.j2").write_text(HUNGRY)
    said = machine.run(*NATIVE, "tiny", wrap=little_memory, item="")
    assert said.status == 1
    assert re.search(r"^.*the kernel has killed a process for want of memory", said.text, re.MULTILINE), said.text
    assert re.search(r"^tiny/hungry:vfork  BROKEN \(", said.text, re.MULTILINE), said.text


def test_every_command_says_that_its_cache_cannot_be(machine: Machine) -> None:
    for command in (["run", "true"], ["census", "true"], ["doctor"], ["bench"]):
        words = ["pytest-vfork", *command[:1], *(["--"] if command[1:] else []), *command[1:]]
        done = subprocess.run(
            words,
            env={**os.environ, "XDG_CACHE_HOME": "/dev/null/x"},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        said = done.stdout + done.stderr
        assert "the cache: /dev/null/x/pytest-vfork: Not a directory: set XDG_CACHE_HOME to another folder" in said
        assert "Traceback" not in said and done.returncode in (2, 126)


REFUSED = ("--vfork-interposer=command", "--vfork-command=false")


@needs_shell
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["plain", "xdist"])
def test_after_an_interposer_that_failed_lf_runs_everything(machine: Machine, workers: tuple[str, ...]) -> None:
    shutil.copytree(CASE.parents[1] / "_lib", machine.at / "cases/_lib")
    (machine.at / "cases/suspension").mkdir()
    shutil.copy(CASE, machine.at / "cases/suspension")
    (machine.at / "tox.ini").write_text("[pytest]\n")
    kept = ("-p", "cacheprovider", "cases", "-c", "tox.ini", *workers)
    said = machine.run(*REFUSED, *kept, item="")
    assert said.status == ONE_ERROR
    assert re.search(r"^vfork: no program comes through 'false'", said.text, re.MULTILINE), said.text
    check(machine.run(*NATIVE, "--lf", *kept, item=""), PASSES, "^7 passed", "7 passed")
