# SPDX-License-Identifier: MIT
"""What a machine may have about it and nothing comes of: odd paths, a locale, a clock, other runs, little memory."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import CASE, DEADLINE_S, NATIVE, PASSES, USAGE, Machine, Said, check, needs_shell, pytest_command

from pytest_vfork.records.read import read_record

# A space, quotes, a newline, what a shell would run; and a byte that is no UTF-8.
ODD = os.fsdecode(b"a b' \"\n$(touch x); `id` & * b\xffyte")


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
