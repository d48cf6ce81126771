# SPDX-License-Identifier: MIT
"""A command leads to another root or machine: the agent is sent there through the stream itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from waiting import within

from pytest_vfork.building.builder import Builder
from pytest_vfork.model import Boot, Program
from pytest_vfork.running.sites import Launch, SiteError
from pytest_vfork.running.sites.command import CommandSite

DEADLINE_S = 60.0
PORT = 2222


def site_of(builder: Builder, command: str) -> CommandSite:
    return CommandSite(builder, given={"site-command": command})


@pytest.fixture
def program(builder: Builder) -> Program:
    source = (
        "#include <unistd.h>\nint main(int c, char **v) { return write(1, v[0], 1) != 1 || access(v[c - 1], R_OK); }\n"
    )
    return builder.c_program("elsewhere.c", source)


def check(site: CommandSite, program: Program) -> None:
    """A program that was built here runs there, and its event file is there."""
    launched = Program(program.source, (*program.argv, "{events}"))
    seen = site.run(Launch(launched, Boot(env={"ADDED": "1"}), DEADLINE_S))
    assert (seen.status, seen.stdout, seen.stderr) == (0, "/", "")
    script = Launch(Program(Path("none"), ("sh", "-c", "echo $ADDED; exit 3")), Boot(env={"ADDED": "1"}), DEADLINE_S)
    assert (site.run(script).status, site.run(script).stdout) == (3 << 8, "1\n")


def test_a_shell_of_this_machine(builder: Builder, program: Program, tmp_path: Path) -> None:
    site = site_of(builder, f"env TMPDIR={tmp_path} {{agent}}")
    check(site, program)
    about = site.describe()
    assert (about["kernel"], about["machine"]) == (os.uname().release, os.uname().machine)
    assert about["libc"].startswith("glibc 2.")
    assert site.refuse(Program(Path("none"), ("/no/such/program",))) == "/no/such/program is not there"
    site.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.needs("root", busybox_static="sh -c 'busybox true && ! ldd $(command -v busybox)'")
def test_a_chroot_with_nothing_but_busybox(builder: Builder, tmp_path: Path) -> None:
    busybox = shutil.which("busybox")
    assert busybox
    for folder in ("bin", "tmp", "proc", "dev"):
        (tmp_path / folder).mkdir()
    shutil.copy(busybox, tmp_path / "bin/busybox")
    for name in ("sh", "cat", "chmod", "head", "mktemp", "uname"):
        (tmp_path / "bin" / name).symlink_to("busybox")
    (tmp_path / "dev/null").touch()
    site = site_of(builder, f"chroot {tmp_path} {{agent}}")
    seen = site.run(Launch(Program(Path("none"), ("sh", "-c", "echo /*; exit 4")), Boot(), DEADLINE_S))
    assert (seen.status, seen.stdout) == (4 << 8, "/bin /dev /proc /tmp\n")
    with pytest.raises(SiteError, match="what is built here does not start there"):
        site.describe()
    site.close()
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.fixture
def box(tmp_path: Path) -> Iterator[str]:
    """A login on this machine, with a daemon and keys of its own; yields the command that leads there."""
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin")
    assert sshd
    Path("/run/sshd").mkdir(exist_ok=True)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    shutil.copy(tmp_path / "user.pub", tmp_path / "authorized")
    (tmp_path / "config").write_text(
        f"Port {PORT}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\nAuthorizedKeysFile {tmp_path}/authorized\n"
        f"StrictModes no\nUsePAM no\nPidFile {tmp_path}/pid\n"
    )
    daemon = subprocess.Popen([sshd, "-D", "-e", "-f", str(tmp_path / "config")], stderr=subprocess.DEVNULL)
    options = "-o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    command = f"ssh -p {PORT} -i {tmp_path}/user {options} -o ConnectionAttempts=20 127.0.0.1"
    yield command
    daemon.terminate()
    daemon.wait(DEADLINE_S)


@pytest.mark.needs("root", openssh_server="/usr/sbin/sshd -V", openssh_client="ssh -V")
def test_a_login_by_ssh(builder: Builder, program: Program, box: str) -> None:
    site = site_of(builder, box + " {agent}")
    check(site, program)
    agent = int(site.client().hello["pid"])
    assert psutil.pid_exists(agent)
    site.close()
    assert within(DEADLINE_S, lambda: not psutil.pid_exists(agent))


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("", "needs --vfork-site-command"),
        ("no-such-program {agent}", "no such program: no-such-program"),
        ("false {agent}", "no agent behind 'false {agent}'"),
        ("echo hello {agent}", "no agent behind 'echo hello {agent}'"),
        ("env TMPDIR=/no/such/folder {agent}", "the command ended with status 1.*No such file or directory"),
    ],
)
def test_what_leads_nowhere_is_one_sentence(builder: Builder, command: str, why: str) -> None:
    site = site_of(builder, command)
    with pytest.raises(SiteError, match=why):
        site.run(Launch(Program(Path("none"), ("true",)), Boot(), DEADLINE_S))
    site.close()
