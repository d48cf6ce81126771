# SPDX-License-Identifier: MIT
"""A guest runs what was built here; whatever becomes of it costs the program that ran, and nothing is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import has_ended, named_below, within

from pytest_vfork.building.builder import Builder
from pytest_vfork.building.cache import Cache
from pytest_vfork.model import Boot, Observation, Program
from pytest_vfork.running.agent.client import Client
from pytest_vfork.running.kernels import accelerator, archive, image
from pytest_vfork.running.kernels.guest import GuestError
from pytest_vfork.running.sites import Launch, SiteError
from pytest_vfork.running.sites.kernel import KernelSite
from pytest_vfork.running.sites.uml import UmlSite

SERIES = "6.12"
DEADLINE_S = 120.0
pytestmark = pytest.mark.needs(qemu_system_x86="qemu-system-x86_64 --version")


@pytest.fixture(scope="module")
def site(builder: Builder) -> Iterator[KernelSite]:
    try:
        image.find(SERIES, "x86_64", image.folder_of_user())
    except archive.ArchiveError as error:
        pytest.skip(str(error))
    site = KernelSite(builder, SERIES)
    yield site
    site.close()


@pytest.fixture
def sh(site: KernelSite) -> Callable[..., Observation]:
    def run(script: str, *words: str) -> Observation:
        return site.run(Launch(Program(Path("none"), ("sh", "-c", script, *words)), Boot(), DEADLINE_S))

    return run


def test_it_is_that_kernel_and_what_is_seen_comes_back(sh: Callable[..., Observation]) -> None:
    seen = sh("echo a.b 1 1 7 >> $0; uname -r; echo err >&2; sleep 1000 & exit 3", "{events}")
    assert (seen.status, seen.stderr, [event.value for event in seen.events]) == (3 << 8, "err\n", [7])
    assert seen.stdout.startswith(f"{SERIES}.")
    assert [left.split()[1] for left in seen.left_behind] == ["sleep"]


def test_at_the_deadline_it_says_who_was_where(site: KernelSite) -> None:
    seen = site.run(Launch(Program(Path("none"), ("sh", "-c", "sleep 1000; :")), Boot(), 2.0))
    assert {thread.comm: thread.wchan for thread in seen.where} == {"sh": "do_wait", "sleep": "hrtimer_nanosleep"}


def test_what_is_more_than_a_program_is_refused_with_the_reason(site: KernelSite) -> None:
    assert "is not put into a guest" in str(site.refuse(Program(Path("none"), (sys.executable,))))
    assert site.find("dash") and site.find(sys.executable) is None


def test_a_full_disk_is_a_sentence_of_its_own_and_passes(site: KernelSite, sh: Callable[..., Observation]) -> None:
    sh("yes > /tmp/full")
    with pytest.raises(SiteError, match="No space left on device"):
        sh("true")
    site.close()
    assert sh("true").status == 0


def test_a_guest_without_memory_breaks_the_program_that_ran(sh: Callable[..., Observation]) -> None:
    with pytest.raises(SiteError, match="the guest ran out of memory"):
        sh("tail /dev/zero")
    assert sh("exit 5").status == 5 << 8


def test_a_panic_costs_the_program_that_ran_and_one_boot(sh: Callable[..., Observation]) -> None:
    with pytest.raises(SiteError, match=r"(?s)was lost while this program ran.*console ended with:.*sysrq"):
        sh("echo c > /proc/sysrq-trigger; sleep 1000")
    assert sh("exit 6").status == 6 << 8


def test_a_qemu_that_is_killed_costs_the_program_that_ran(site: KernelSite, sh: Callable[..., Observation]) -> None:
    assert sh("true").status == 0
    (qemu,) = named_below(os.getpid(), "qemu")
    qemu.send_signal(signal.SIGKILL)
    with pytest.raises(SiteError, match="was lost"):
        sh("sleep 1000")
    assert sh("exit 7").status == 7 << 8


def test_a_guest_ends_with_the_process_that_has_it(site: KernelSite, builder: Builder, tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        from pathlib import Path
        from pytest_vfork.building.builder import Builder
        from pytest_vfork.model import Boot, Program
        from pytest_vfork.running.sites import Launch
        from pytest_vfork.running.sites.kernel import KernelSite
        site = KernelSite(Builder.of_user(), {SERIES!r})
        site.client()
        Path({str(tmp_path / "up")!r}).touch()
        site.run(Launch(Program(Path("none"), ("sh", "-c", "sleep 1000")), Boot(), 600))
    """)
    owner = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(tmp_path)})
    try:
        assert within(DEADLINE_S, (tmp_path / "up").exists)
        (qemu,) = named_below(owner.pid, "qemu")
    finally:
        owner.kill()
        owner.wait(60)
    assert within(60, lambda: has_ended(qemu))
    assert within(60, lambda: [path.name for path in tmp_path.iterdir()] == ["up"])


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("6.99", "no kernel of series '6.99'"),
        ("/no/such/vmlinuz", "no such kernel"),
        ("6.12@vax", "no guests of machine 'vax'"),
        (sys.executable, "is no kernel"),
    ],
)
def test_no_such_kernel_is_one_sentence(site: KernelSite, builder: Builder, where: str, why: str) -> None:
    with pytest.raises(SiteError, match=why):
        KernelSite(builder, where).run(Launch(Program(Path("none"), ("true",)), Boot(), DEADLINE_S))


def test_a_guest_that_does_not_come_up_is_booted_again_and_that_is_told(
    site: KernelSite, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter(
        ["the guest did not boot: qemu ended\nits console ended with:\n[    1.2] Kernel panic - not syncing: x"]
    )
    boots = KernelSite._boot

    def boot(self: KernelSite, *how: Any) -> Client:
        for why in failures:
            raise GuestError(why)
        return boots(self, *how)

    monkeypatch.setattr(KernelSite, "_boot", boot)
    other = KernelSite(builder, SERIES)
    first, second = (other.run(Launch(Program(Path("none"), ("true",)), Boot(), DEADLINE_S)) for _ in range(2))
    other.close()
    told = "booted again: the guest did not boot: qemu ended; Kernel panic - not syncing: x"
    assert (first.status, first.alarms, second.alarms) == (0, (told,), ())


def test_a_guest_that_never_comes_up_is_given_up(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    boots = []

    def boot(self: KernelSite, *how: Any) -> Client:
        boots.append(how)
        raise GuestError("the guest did not boot: its time is over")

    monkeypatch.setattr(KernelSite, "_boot", boot)
    monkeypatch.setattr(accelerator, "choose", lambda *_: accelerator.TCG)  # which boots, to find out
    other = KernelSite(builder, SERIES)
    for why in ("its time is over", "did not boot 3 times in a row, and is not tried again"):
        with pytest.raises(SiteError, match=why):
            other.run(Launch(Program(Path("none"), ("true",)), Boot(), DEADLINE_S))
    assert len(boots) == 3


@pytest.mark.needs(qemu_system_arm="qemu-system-aarch64 --version")
def test_another_machine_runs_what_is_compiled_for_it(builder: Builder) -> None:
    pytest.importorskip("ziglang", reason="pip install 'pytest-vfork[cc]'")
    site = KernelSite(builder, f"{SERIES}@aarch64")
    program = builder.for_machine(site.machine).c_program("seven.c", "int main(void) { return 7; }\n")
    try:
        about = site.describe()
        assert site.run(Launch(program, Boot(), DEADLINE_S)).status == 7 << 8
        refused = site.refuse(Program(Path("none"), ("sh", "-c", "exit 7")))
    except archive.ArchiveError as error:
        pytest.skip(str(error))
    finally:
        site.close()
    assert (about["machine"], about["libc"]) == ("aarch64", "musl")
    assert refused and refused.endswith("is a program for x86_64, and the guest is aarch64")


# The 6.1 of Debian has no room for all the registers of some processors: there its init ends with a segmentation fault.
_BOOTS = (
    "linux.uml mem=128M root=/dev/root rootfstype=hostfs rootflags=/ ro init=/bin/true panic=-1 con0=null,fd:1"
    " | grep -aq exitcode=0x00000000"
)


@pytest.mark.needs(user_mode_linux=f"sh -c '{_BOOTS}'")
@pytest.mark.parametrize(("base", "why"), [("/var/tmp", None), ("/tmp", "is in /tmp, which is another one there")])
def test_user_mode_linux(builder: Builder, base: str, why: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=base) as folder:
        here = Builder(Cache(Path(folder)), builder.cc)
        site = UmlSite(here)
        program = here.c_program("there.c", "int main(void) { return 7; }\n")
        refused = site.refuse(program)
        assert refused is None if why is None else refused and why in refused
        started = program if why is None else Program(Path("none"), ("sh", "-c", "exit 7"))
        assert site.run(Launch(started, Boot(), DEADLINE_S)).status == 7 << 8
        site.close()


def test_a_user_mode_kernel_that_ends_at_once_says_why(builder: Builder, tmp_path: Path) -> None:
    kernel = tmp_path / "linux"
    kernel.write_text("#!/bin/sh\necho 'Kernel panic - not syncing: no root' >&2\nexit 6\n")
    kernel.chmod(0o755)
    with pytest.raises(SiteError, match=r"did not boot: .*\. Kernel panic - not syncing: no root"):
        UmlSite(builder, str(kernel)).client()


@pytest.mark.parametrize(
    ("where", "place"), [("", "newest"), ("@riscv64", "newest@riscv64"), ("6.12@aarch64", "6.12@aarch64")]
)
def test_without_a_series_it_is_the_newest(builder: Builder, where: str, place: str) -> None:
    assert KernelSite(builder, where).place == place
