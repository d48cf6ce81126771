# SPDX-License-Identifier: MIT
"""The machine is hostile: what a user reads of it is one sentence, and never that the interposer deviates."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field

import pytest
from machine import (
    CASE,
    DEADLINE_S,
    ITEM,
    NATIVE,
    ONE_ERROR,
    PASSES,
    SKIPS,
    STRANGER,
    TRACER,
    USAGE,
    Machine,
    check,
    needs_shell,
    stranger,
)

from pytest_vfork.templates import places

# linux/unistd_64.h
PTRACE, FLOCK, PRCTL, SECCOMP, KCMP, CLONE3, UNSHARE, CLONE = "101", "73", "157", "317", "312", "435", "272", "56"
PR_SET_SECCOMP, CLONE_NEWUSER = "22", "0x10000000"
BOUND = "mount --bind $at/cache $at/cache; mount -o remount,bind,{} $at/cache"


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
    Situation(
        "one processor of several",
        SKIPS,
        r"it needs two processors to run on: a machine or guest with two, and no taskset\(1\) that takes one away",
        "1 skipped",
        arguments=(*NATIVE, "--vfork-calls=clone"),
        wrap=("taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))),
        item=case("copies/processor-affinity-is-a-copy"),
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
    Situation("PATH empty", USAGE, r"^ERROR: --vfork-cc: no such C compiler: cc$", env={"PATH": ""}),
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


@pytest.mark.needs("root", util_linux="unshare -m true", gcc="cc --version")
@pytest.mark.parametrize(
    "command", ["doctor", "bench --rounds=2 --rss=1", "detection --faults=fork --cases=suspension/*exec"]
)
def test_every_command_that_runs_programs_says_that_there_is_no_proc(command: str) -> None:
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", f"mount -t tmpfs none /proc; exec pytest-vfork --vfork-cc=cc {command}"],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    said = done.stdout + done.stderr
    assert re.search("/proc is not there, and without it .*: mount -t proc proc /proc$", said, re.MULTILINE), said
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
