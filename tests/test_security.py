# SPDX-License-Identifier: MIT
"""Other users, and what others wrote: what is executed is this user's alone, and nothing that is read can run code."""

from __future__ import annotations

import ast
import json
import os
import pwd
import re
import shlex
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from machine import CASE, STRANGER, Machine

from pytest_vfork.building import own
from pytest_vfork.building.builder import Builder
from pytest_vfork.building.cache import Cache, CacheError
from pytest_vfork.building.render import TemplateError, render_case
from pytest_vfork.judging.events import parse_events, parse_spawns
from pytest_vfork.judging.expectations import ExpectationError, read_expectations
from pytest_vfork.model import Boot, Observation, Program
from pytest_vfork.records.read import read_record
from pytest_vfork.running.interposers import InterposerError, Settings
from pytest_vfork.running.interposers.gvisor import RunscPtrace
from pytest_vfork.running.kernels import image
from pytest_vfork.running.sites import Launch
from pytest_vfork.running.sites.local import LocalSite
from pytest_vfork.templates import places
from pytest_vfork.templates.frontmatter import FrontMatterError, read_case

PACKAGE = places.folder("pytest_vfork")
SECRET = "the secret of somebody else"
SOMEBODY = 4242  # another user
CHMOD, TRUST = r"chmod \+t \S+", rf"say that you trust it: {own.TRUSTED}=\S+"
needs_root = pytest.mark.needs("root", gcc="cc --version")


def run(builder: Builder, *argv: str) -> Observation:
    site = LocalSite(builder)
    try:
        return site.run(Launch(Program(Path("none"), argv), Boot(), 60))
    finally:
        site.close()


# The cache


def test_what_is_made_under_any_umask_is_this_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new"))
    before = os.umask(0)
    try:
        cache = Cache.of_user()
        made = cache.get(("key",), lambda folder: (folder / "object").touch(0o777))
    finally:
        os.umask(before)
    assert stat.S_IMODE(cache.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_cache_that_others_could_write_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "pytest-vfork").mkdir()
    (tmp_path / "pytest-vfork").chmod(0o777)
    assert stat.S_IMODE(Cache.of_user().root.stat().st_mode) == 0o700


def _belongs_to_somebody(cache: Path) -> None:
    os.chown(cache / "pytest-vfork", SOMEBODY, SOMEBODY)


def _lies_in_a_folder_of_somebody(cache: Path) -> None:
    os.chown(cache, SOMEBODY, SOMEBODY)


def _lies_where_all_may_write(cache: Path) -> None:
    cache.chmod(0o777)


def _is_a_link_to_a_folder_of_somebody(cache: Path) -> None:
    (cache / "pytest-vfork").rename(cache / "theirs")
    os.chown(cache / "theirs", SOMEBODY, SOMEBODY)
    (cache / "pytest-vfork").symlink_to("theirs")


def _is_reached_by_a_link_that_all_may_change(cache: Path) -> None:
    cache.rename(cache.with_name("closed"))
    between = cache.with_name("open")
    between.mkdir()
    between.chmod(0o777)
    (between / "link").symlink_to("../closed")
    cache.symlink_to("open/link")


@needs_root
@pytest.mark.parametrize(
    ("attack", "says", "way_out"),
    [
        (_is_reached_by_a_link_that_all_may_change, "lies in .*/open, which can be written by others", CHMOD),
        (_belongs_to_somebody, "belongs to user 4242", TRUST),
        (_lies_in_a_folder_of_somebody, "lies in .*/cache, which belongs to user 4242", TRUST),
        (_lies_where_all_may_write, "lies in .*/cache, which can be written by others", CHMOD),
        (_is_a_link_to_a_folder_of_somebody, "belongs to user 4242", TRUST),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_nothing_is_executed_out_of_a_cache_that_another_user_can_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: object, says: str, way_out: str
) -> None:
    assert callable(attack)
    (tmp_path / "cache/pytest-vfork").mkdir(parents=True)
    attack(tmp_path / "cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    elsewhere = f"set XDG_CACHE_HOME to another folder, or {way_out}"
    with pytest.raises(CacheError, match=f"^the cache: .*/cache/pytest-vfork {says}: {elsewhere}$") as raised:
        Cache.of_user()
    _follow(str(raised.value), monkeypatch)
    assert Cache.of_user().root == tmp_path / "cache/pytest-vfork"
    monkeypatch.delenv(own.TRUSTED, raising=False)
    (tmp_path / "cache/pytest-vfork").rename(tmp_path / "cache/pytest-vfork-kernels")  # kernels are run, too
    if way_out == TRUST:
        with pytest.raises(CacheError, match=f"^the cache: .*/cache/pytest-vfork-kernels {says}: {elsewhere}$"):
            image.folder_of_user()


def _follow(message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what a message says, the last of it."""
    _, _, trusted = message.partition(f"{own.TRUSTED}=")
    if trusted:
        monkeypatch.setenv(own.TRUSTED, trusted)
    else:
        subprocess.run(shlex.split(message.rpartition(", or ")[2]), timeout=60, check=True)


def test_a_cache_below_a_home_of_whoever_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o777)
    home.chmod(0o777)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert Cache.of_user().root.is_dir()  # who can write there has .profile, too
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    with pytest.raises(CacheError, match="can be written by others"):
        Cache.of_user()


@needs_root
def test_another_user_finds_nothing_in_the_cache(machine: Machine) -> None:
    assert machine.run().status == 0
    tries = ["ls {0}", "cat {0}/*/agent", "ln {0}/*/agent {1}/mine", "ln -s / {0}/link", "touch {0}/file"]
    stranger = ["setpriv", "--reuid=4242", "--regid=4242", "--clear-groups", "sh", "-c"]
    (machine.at / "open").mkdir()
    (machine.at / "open").chmod(0o777)
    for one in tries:
        script = one.format(machine.at / "cache/pytest-vfork", machine.at / "open")
        assert subprocess.run([*stranger, script], capture_output=True, timeout=60, check=False).returncode != 0, one


# TMPDIR


@needs_root
@pytest.mark.parametrize(
    ("mode", "owner", "says"),
    [
        (0o777, 0, f"can be written by others: set TMPDIR to another, or {CHMOD}"),
        (0o755, SOMEBODY, f"belongs to user 4242: set TMPDIR to another, or {TRUST}"),
    ],
    ids=["all may write it", "of somebody"],
)
def test_nothing_runs_below_a_tmpdir_where_others_can_put_another_folder(
    machine: Machine, mode: int, owner: int, says: str
) -> None:
    (machine.at / "tmp").chmod(mode)
    os.chown(machine.at / "tmp", owner, owner)
    said = machine.run()
    assert re.search(f"^ERROR: vfork: TMPDIR: .*/tmp {says}$", said.text, re.M), said.text
    assert said.status == pytest.ExitCode.USAGE_ERROR


@needs_root
def test_a_cache_that_only_another_can_look_into_is_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):  # pytest closes its own to other users
        folder.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(own.TRUSTED, str(tmp_path))
    cache = Cache.of_user()
    cache.get(("key",), lambda folder: None)
    says = r"^the cache: .*/pytest-vfork: Permission denied: set XDG_CACHE_HOME to another folder$"
    os.seteuid(SOMEBODY)
    try:
        with pytest.raises(CacheError, match=says):
            Cache.of_user()
        os.seteuid(0)
        cache.root.chmod(0o755)  # what is in it is still for one user
        os.seteuid(SOMEBODY)
        with pytest.raises(CacheError, match=says):
            Cache.of_user().get(("key",), lambda folder: None)
    finally:
        os.seteuid(0)


@needs_root
def test_in_a_container_whose_only_folder_is_open_the_user_can_say_that_he_trusts_it(machine: Machine) -> None:
    """As Kubernetes' emptyDir is: 0777, of root, who is not the user."""
    work = machine.at / "work"
    work.mkdir()
    for folder in ("cache", "tmp"):
        (machine.at / folder).rename(work / folder)
    subprocess.run(["chown", "-R", "54321:54321", str(work / "cache"), str(work / "tmp")], timeout=60, check=True)
    work.chmod(0o777)
    there = {"XDG_CACHE_HOME": f"{work}/cache", "TMPDIR": f"{work}/tmp", "HOME": None}
    said = machine.run(wrap=STRANGER, env=there)
    assert re.search(f"^ERROR: vfork: the cache: .* lies in {work}, which .* or {TRUST}$", said.text, re.M), said.text
    assert machine.run(wrap=STRANGER, env={**there, own.TRUSTED: f"/none:{work}"}).status == 0


@pytest.mark.needs("root", util_linux="unshare --user --map-root-user true")
def test_nobody_is_trusted_where_that_stands_for_who_is_outside(machine: Machine) -> None:
    os.chown(machine.at, 65534, 65534)
    said = machine.run(env={"HOME": None})
    assert "which belongs to user 65534: set XDG_CACHE_HOME" in said.text, said.text
    assert machine.run(wrap=("unshare", "--user", "--map-root-user"), env={"HOME": None}).status == 0


def test_what_is_trusted_is_an_absolute_path_at_or_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "open/a").mkdir(parents=True)
    (tmp_path / "open").chmod(0o777)
    monkeypatch.chdir(tmp_path)
    for trusted in ("open", ".", f"{tmp_path}/open:open"):
        with (
            monkeypatch.context() as patch,
            pytest.raises(ValueError, match=f"^{own.TRUSTED}: .* is no absolute path$"),
        ):
            patch.setenv(own.TRUSTED, trusted)
            own.exposed(tmp_path / "open/a", "")
        with (
            monkeypatch.context() as patch,
            pytest.raises(CacheError, match=f"^{own.TRUSTED}: .* is no absolute path$"),
        ):
            patch.setenv(own.TRUSTED, trusted)
            Cache.of_user()
    for trusted, is_enough in (("", 0), (":", 0), (f"{tmp_path}/open/a/b", 0), (f"{tmp_path}/open/", 1)):
        for name in (own.TRUSTED, "HOME"):
            with monkeypatch.context() as patch:
                patch.setenv("HOME", "/none")
                patch.setenv(name, trusted)
                assert bool(own.exposed(tmp_path / "open/a", "")) != is_enough, (name, trusted)


ME = "me:x:4242:{}::/:/bin/sh\n"
ASKS = """\
import sys
from pathlib import Path
from pytest_vfork.building import own
print(own.exposed(Path(sys.argv[1]), ""))
"""


@needs_root
@pytest.mark.parametrize(
    ("users", "groups", "says"),
    [
        (ME.format(4242), "me:x:4242:\n", ""),
        (ME.format(4242), "me:x:4242:me\n", ""),
        ("", "", ""),
        (ME.format(4242), "me:x:4242:me,other\n", "can be written by others (group me)"),
        (ME.format(4242), "me:x:4242:\nalso:x:4242:other\n", "can be written by others (group me)"),
        (ME.format(4242) + "other:x:4243:4242::/:\n", "users:x:4242:\n", "can be written by others (group users)"),
        ("other:x:4243:4242::/:\n", "", "can be written by others (group 4242)"),
    ],
    ids=[
        "alone",
        "alone, and listed",
        "no entries",
        "another is listed",
        "by another name",
        "of everybody",
        "of another",
    ],
)
def test_a_group_is_trusted_if_nobody_else_is_in_it(tmp_path: Path, users: str, groups: str, says: str) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    os.chown(shared, SOMEBODY, SOMEBODY)
    shared.chmod(0o770)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    (tmp_path / "passwd").write_text(f"root:x:0:0::/root:/bin/sh\n{users}")
    (tmp_path / "group").write_text(f"root:x:0:\n{groups}")
    setup = 'mount --bind "$0/passwd" /etc/passwd; mount --bind "$0/group" /etc/group; exec "$@"'
    becomes = ["setpriv", "--reuid=4242", "--regid=4242", "--clear-groups", *STRANGER[4:]]
    words = ["unshare", "-m", "sh", "-ec", setup, str(tmp_path), *becomes, sys.executable, "-c", ASKS, str(shared)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip().partition(":")[0] == says


@needs_root
@pytest.mark.parametrize(
    ("tag", "id", "permission", "says"),
    [
        (0x02, SOMEBODY, 7, "can be written by others (user 4242, by its access control list)"),
        (0x08, SOMEBODY, 7, "can be written by others (group 4242)"),
        (0x02, SOMEBODY, 5, ""),
        (0x02, 0, 7, ""),
    ],
    ids=["a user may write", "a group may write", "a user may read", "root may write"],
)
def test_an_access_control_list_is_read(tmp_path: Path, tag: int, id: int, permission: int, says: str) -> None:
    """setfacl -m user:4242:rwx, say: what ls shows as the group's right to write is the mask of such a list."""
    entries = [(0x01, 7, -1), (tag, permission, id), (0x04, 5, -1), (0x10, 7, -1), (0x20, 5, -1)]  # acl(5)
    entries.sort()
    packed = b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(tmp_path, "system.posix_acl_access", struct.pack("<I", 2) + packed)
    except OSError as error:
        pytest.skip(f"no access control lists here: {error.strerror}")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o775
    assert own.exposed(tmp_path, "").partition(":")[0] == says


def test_a_database_that_does_not_list_this_user_may_not_list_others_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As sssd's does not, unless it is told to (enumerate in sssd.conf(5))."""
    tmp_path.chmod(0o770)
    me, group = pwd.getpwuid(os.getuid()), 4242
    monkeypatch.setattr("os.getegid", lambda: group)
    if os.geteuid() == 0:
        os.chown(tmp_path, -1, group)
    group = tmp_path.stat().st_gid
    monkeypatch.setattr("pwd.getpwall", lambda: [me])
    assert not own.exposed(tmp_path, "")
    monkeypatch.setattr("pwd.getpwall", lambda: [])
    assert "can be written by others (group" in own.exposed(tmp_path, "")


@needs_root
def test_a_sticky_tmpdir_is_taken_and_the_folder_in_it_is_closed(machine: Machine, builder: Builder) -> None:
    (machine.at / "tmp").chmod(0o1777)
    assert machine.run().status == 0
    assert stat.S_IMODE(int(run(builder, "stat", "-c", "%f", ".").stdout, 16)) == 0o700


def test_a_program_cannot_have_another_file_told_in_the_place_of_its_own(builder: Builder, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET} 1 1 1\n")
    swap = (
        f"rm -f events stdout stderr; ln -s {secret} events; ln {secret} spawns; ln -s {secret} stdout; mkfifo stderr"
    )
    seen = run(builder, "sh", "-c", swap)
    assert (seen.status, seen.events, seen.stdout, seen.stderr) == (0, (), "", "")


def test_what_is_taken_away_is_the_link_and_not_what_it_leads_to(builder: Builder, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    assert run(builder, "sh", "-c", f"ln -s {precious} link; mkdir deep; ln -s {precious} deep/link").status == 0
    assert (precious / "file").exists()


def test_a_program_inherits_neither_pipes_nor_sockets(builder: Builder) -> None:
    listed = "import os\nfor fd in os.listdir('/proc/self/fd'):\n"
    listed += "    try: print(fd, os.readlink('/proc/self/fd/' + fd))\n    except OSError: pass\n"
    seen = run(builder, sys.executable, "-c", listed)
    there = dict(line.split(" ", 1) for line in seen.stdout.splitlines())
    assert there.pop("0") == "/dev/null"
    assert there.pop("1").endswith("/stdout") and there.pop("2").endswith("/stderr")
    assert not there


def test_the_folder_of_a_sandbox_is_not_taken_from_somebody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builder: Builder
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(RunscPtrace, "find", lambda self: "/bin/true")
    sandbox = RunscPtrace(Settings(RunscPtrace.default_mode({}), builder))
    place = tmp_path / f"pytest-vfork-runsc-{os.getuid()}"
    (tmp_path / "theirs").mkdir()
    place.symlink_to("theirs")
    with pytest.raises(InterposerError, match="is not this user's alone"):
        sandbox.boot()
    place.unlink()
    sandbox.boot()
    place.chmod(0o777)
    with pytest.raises(InterposerError, match="is not this user's alone"):
        sandbox.boot()


# Templates


def _case(folder: Path, parent: str, front: str = "") -> Path:
    (folder / "area").mkdir(exist_ok=True)
    head, _, body = CASE.read_text("utf-8").partition('{% extends "_lib/case.c.j2" %}')
    head = head.replace("suspension/parent-waits-until-exec", "area/reaches-out").replace("---*/", f"{front}---*/")
    template = folder / "area/reaches-out.c.j2"
    template.write_text(
        f'{head}{{% extends "_lib/case.c.j2" %}}{body.replace("returned(pid);", f"returned(pid); {parent}")}'
    )
    return template


@pytest.mark.parametrize(
    "attempt",
    [
        '{% include "SECRET" %}',
        '{% include "../secret.j2" %}',
        '{% include "_lib/../../secret.j2" %}',
        '{% include "_lib/link.j2" %}',
        '{% include "_lib/link.j2" ignore missing %}',
        '{% include "_lib/deep/secret.j2" %}',
        '{% import "SECRET" as it %}',
        '{{ "".__class__.__mro__[1].__subclasses__() }}',
        "{{ self.__init__.__globals__ }}",
        '{{ cycler.__init__.__globals__.os.popen("id").read() }}',
    ],
)
def test_a_template_reaches_nothing_outside_its_folder(tmp_path: Path, attempt: str) -> None:
    secret = tmp_path / "secret.j2"
    secret.write_text(SECRET)
    folder = tmp_path / "cases"
    (folder / "_lib").mkdir(parents=True)
    (folder / "_lib/link.j2").symlink_to(secret)
    (folder / "_lib/deep").symlink_to(tmp_path)
    case = read_case(_case(folder, attempt.replace("SECRET", str(secret))))
    links = rf"_lib/\S+\.j2 leads out of {folder} by a link, to {secret}: copy it into the folder$"
    says = links if re.search("link|deep", attempt) else "(no template|access to attribute)"
    with pytest.raises(TemplateError, match=rf"reaches-out\.c\.j2:\d+: {says}") as raised:
        render_case(case, "vfork")
    assert SECRET not in str(raised.value)


def test_a_link_within_a_folder_of_templates_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    (folder / "_lib").mkdir(parents=True)
    (folder / "_lib/part.j2").write_text("the_part();")
    (folder / "_lib/link.j2").symlink_to("part.j2")
    assert "the_part();" in render_case(read_case(_case(folder, '{% include "_lib/link.j2" %}')), "vfork")


@pytest.mark.parametrize(
    "front",
    [
        "needs: !!python/object/apply:os.system ['touch MARK']\n",
        "needs: " + "[" * 5000 + "]" * 5000 + "\n",
        "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9) if n else 'x'}]\n" for n in range(12)) + "needs: *x11\n",
        "needs: &it [*it]\n",
    ],
    ids=["python", "deep", "bomb", "itself"],
)
def test_front_matter_neither_runs_code_nor_exhausts_memory(tmp_path: Path, front: str) -> None:
    mark = tmp_path / "mark"
    template = _case(tmp_path, "", front.replace("MARK", str(mark)))
    with pytest.raises(FrontMatterError) as raised:
        read_case(template)
    assert str(raised.value).startswith(f"{template}:") and len(str(raised.value)) < 4000
    assert not mark.exists()


# What others wrote


@pytest.mark.parametrize(
    "text",
    [
        "x 1 1 " + "9" * 100_000,
        "x " + "1" * 100_000 + " 1 1",
        "1 " * 500_000,
        "a b " * 200_000 + "x",
        "\u0661 \u0661 \u0661 \u0661",
        "\0" * 1_000_000,
    ],
)
def test_a_hostile_stream_of_events_is_read_in_no_time(text: str) -> None:
    events = parse_events(text)
    assert len(events) <= 1
    json.dumps([vars(event) if hasattr(event, "__dict__") else str(event) for event in events])
    spawn = f"spawn call=vfork flags=0x{'f' * 100_000} stack=0x0 stack_size=0x0 pid=1 tid=1 child=2 exe=x"
    assert parse_spawns(spawn) == ()


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "expect = 1", "[[expect]]\ncase = " + "9" * 10_000])
def test_a_hostile_file_of_expectations_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(ExpectationError) as raised:
        read_expectations(path, ["area/case"])
    assert str(raised.value).startswith(f"{path}: ") and len(str(raised.value)) < 4000


def test_a_hostile_record_breaks_no_report(tmp_path: Path, machine: Machine) -> None:
    record = tmp_path / "run.jsonl"
    assert machine.run(f"--vfork-record={record}").status == 0
    bomb = {"kind": "verdict", "id": "</script><script>alert(1)</script>", "call": "\x1b]0;x\x07", "outcome": "fail"}
    lines = [json.dumps(bomb), "[" * 1_000_000, '{"kind": ' + "9" * 5000 + "}", "x" * (17 << 20), '{"kind": "ladder"']
    record.write_text(record.read_text("utf-8") + "\n".join(lines), "utf-8")
    assert read_record(record).problems
    page = tmp_path / "page.html"
    words = ["pytest-vfork", "report", str(record), "-o", str(page)]
    limited = ["prlimit", f"--as={1 << 30}", *words]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=120, check=False, env=_here(machine))
    assert "Traceback" not in done.stderr and done.returncode == 0, done.stderr
    assert "<script>alert(1)" not in page.read_text("utf-8")


def _here(machine: Machine) -> dict[str, str]:
    return {**os.environ, "XDG_CACHE_HOME": str(machine.at / "cache"), "TMPDIR": str(machine.at / "tmp")}


# Shells


def test_no_shell_builds_a_command() -> None:
    """Each script that a shell is given is a constant of ours; what varies are its arguments."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "shell":
                raise AssertionError(f"{file}:{node.value.lineno}: shell=")
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr) not in (("os", "system"), ("os", "popen")), f"{file}:{node.lineno}"
            if isinstance(node, ast.List | ast.Tuple):
                words = node.elts
                for shell, flag, script in zip(words, words[1:], words[2:], strict=False):
                    if _constant(shell) in ("sh", "bash", "/bin/sh") and _constant(flag) == "-c":
                        assert _constant(script) or isinstance(script, ast.Name), f"{file}:{script.lineno}"


def _constant(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@needs_root
def test_the_shim_is_readable_by_whom_the_program_becomes(machine: Machine) -> None:
    """Though the cache is closed to it: as a user without rights in mode emulate, started by root."""
    words = ["pytest-vfork", "--vfork-cc=cc", "run", "--vfork-mode", "emulate", "--"]
    becomes = [*STRANGER[:4], "sh", "-c", "true; id -u"]
    done = subprocess.run(
        [*words, *becomes], capture_output=True, text=True, timeout=120, env=_here(machine), check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("54321\n", "", 0)
