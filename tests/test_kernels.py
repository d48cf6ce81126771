# SPDX-License-Identifier: MIT
"""Kernels: where they come from, what a guest is made of, and what each has shown."""

from __future__ import annotations

import io
import json
import lzma
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from pytest_vfork.commands import cli, kernels
from pytest_vfork.running.kernels import accelerator, archive, cpio, elf, guest, image
from pytest_vfork.running.kernels.archive import ArchiveError
from pytest_vfork.running.kernels.image import KernelError


def bzimage(version: bytes = b"6.99.1-test (someone) #1") -> bytes:
    head = bytearray(0x400)
    head[0x202:0x206] = b"HdrS"
    head[0x20E:0x210] = (0x100).to_bytes(2, "little")
    head[0x300 : 0x300 + len(version)] = version
    return bytes(head)


def deb(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    made = b"!<arch>\n"
    for name, data in ((b"debian-binary", b"2.0\n"), (b"control.tar.xz", b"x"), (b"data.tar.xz", packed.getvalue())):
        made += name.ljust(48) + str(len(data)).encode().ljust(10) + b"`\n" + data + b"\n" * (len(data) % 2)
    return made


@pytest.mark.needs(cpio="cpio --version")
def test_an_archive_is_what_cpio_reads(tmp_path: Path) -> None:
    data = cpio.archive({"a/b/file": cpio.file(b"content", 0o750), "link": cpio.link("a/b"), "empty": cpio.folder()})
    subprocess.run(["cpio", "-id", "--quiet"], input=data, cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "link/file").read_bytes() == b"content"
    assert (tmp_path / "a/b/file").stat().st_mode & 0o7777 == 0o750
    assert (tmp_path / "empty").is_dir()


def test_an_archive_begins_and_ends_as_the_kernel_wants_it() -> None:
    data = cpio.archive({"init": cpio.file(b"x")})
    assert data.startswith(b"070701") and b"TRAILER!!!" in data and len(data) % 4 == 0


def test_an_executable_tells_what_it_is_started_with() -> None:
    python = Path(sys.executable).resolve()
    about = elf.read(python)
    assert about and about.machine == "x86_64" and about.interpreter.startswith("/lib64/ld-linux")
    assert any("libc.so.6" in str(path) for path in elf.Libraries().of(python))
    assert elf.read(Path(__file__)) is None


@pytest.mark.parametrize("cut", [0, 3, 20, 63, 64, 100, 500])
def test_an_executable_that_is_cut_short_is_none_or_harmless(tmp_path: Path, cut: int) -> None:
    (tmp_path / "cut").write_bytes(Path(sys.executable).resolve().read_bytes()[:cut])
    elf.read(tmp_path / "cut")


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("sources.list", "deb http://a.example/debian bookworm main\n", ("http://a.example/debian", "")),
        (
            "sources.list.d/x.list",
            "# deb http://no.example/debian x y\ndeb [arch=amd64 signed-by=/k.gpg] http://b.example/debian/ x main\n",
            ("http://b.example/debian/", "/k.gpg"),
        ),
        (
            "sources.list.d/debian.sources",
            "Types: deb\nURIs: http://c.example/debian\nSuites: trixie\nSigned-By: /k.gpg\n",
            ("http://c.example/debian", "/k.gpg"),
        ),
    ],
)
def test_the_mirror_is_the_machines_own(tmp_path: Path, name: str, text: str, found: tuple[str, str]) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text)
    assert archive.mirror_of_this_machine(tmp_path) == found


def test_without_a_debian_archive_a_path_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://archive.example/ubuntu noble main\n")
    with pytest.raises(ArchiveError, match="give the path of a vmlinuz"):
        archive.mirror_of_this_machine(tmp_path)


def test_without_apt_a_path_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArchiveError, match="no apt-get here: give the path"):
        image.find("6.12", "x86_64", tmp_path)


def test_an_archive_that_can_be_read_in_part_gives_that_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = "linux-image-6.12.1+deb13-cloud-amd64\n"

    def apt(self: archive.Archive, *command: str, cwd: Path | None = None) -> str:
        if "update" in command:
            raise ArchiveError("apt-get update -q: Mirror sync in progress?")
        return names

    monkeypatch.setattr(archive.Archive, "_apt", apt)
    monkeypatch.setattr(archive.Archive, "_configure", lambda self: None)
    there = archive.Archive(tmp_path, "x86_64")
    assert there.newest("6.12").version == "6.12.1+deb13"
    with pytest.raises(ArchiveError, match=r"it has 6\.12; not all of it could be read: .* Mirror sync in progress"):
        there.newest("6.13")
    names = ""
    with pytest.raises(ArchiveError, match="Mirror sync in progress"):
        there.packages()


def test_a_kernel_that_cannot_be_fetched_has_a_status(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(guest, "lacking", lambda machine: None)
    monkeypatch.setenv("PATH", "")  # without apt
    assert cli.main(["kernels"]) == 0
    assert cli.main(["kernels", "--fetch", "6.12"]) == cli.CANNOT_RUN


def test_versions_are_compared_by_their_numbers() -> None:
    assert archive.numbers("6.12.95+deb12") > archive.numbers("6.12.9+deb12") > archive.numbers("6.1.0-50")


def test_a_kernel_comes_out_of_a_package_with_the_modules_that_it_needs(tmp_path: Path) -> None:
    modules = "./lib/modules/6.99/kernel/drivers/"
    package = tmp_path / "linux-image-6.99.1.deb"
    package.write_bytes(
        deb(
            {
                "./boot/vmlinuz-6.99": bzimage(),
                f"{modules}virtio/virtio.ko": b"plain",
                f"{modules}char/virtio_console.ko.xz": lzma.compress(b"packed"),
                f"{modules}net/other.ko": b"not needed",
            }
        )
    )
    kernel = image.of_file(package, "x86_64", tmp_path)
    assert [(module.name, module.read_bytes()) for module in kernel.modules] == [
        ("0-virtio.ko", b"plain"),
        ("5-virtio_console.ko", b"packed"),
    ]
    assert image.machine_of(kernel.vmlinuz) == "x86_64"


@pytest.mark.parametrize("content", [b"", b"!<arch>\n", b"garbage" * 100, deb({"./boot/nothing": b""}), deb({})[:150]])
def test_a_package_that_is_none_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    package = tmp_path / "broken.deb"
    package.write_bytes(content)
    with pytest.raises(KernelError, match=r"broken\.deb"):
        image.of_file(package, "x86_64", tmp_path)


def test_an_image_for_another_machine_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "vmlinuz").write_bytes(bzimage())
    assert image.of_file(tmp_path / "vmlinuz", "x86_64", tmp_path).version == "6.99.1-test"
    with pytest.raises(KernelError, match="a kernel for x86_64; wanted aarch64"):
        image.of_file(tmp_path / "vmlinuz", "aarch64", tmp_path)
    (tmp_path / "vmlinuz").write_bytes(b"no kernel at all")
    with pytest.raises(KernelError, match="is no kernel; wanted x86_64"):
        image.of_file(tmp_path / "vmlinuz", "x86_64", tmp_path)
    with pytest.raises(KernelError, match="no such kernel"):
        image.find(str(tmp_path / "absent"), "x86_64", tmp_path)
    with pytest.raises(KernelError, match="no kernels for machine 'vax'"):
        image.find("6.12", "vax", tmp_path)


def test_without_qemu_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install --no-install-recommends qemu-system-x86" in str(guest.lacking("x86_64"))
    assert "no guests of machine 'vax'" in str(guest.lacking("vax"))


def test_kvm_is_used_only_where_a_guest_was_seen_to_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator.os, "access", lambda *_: True)
    tried: list[str] = []

    def fails(how: str, deadline_s: float) -> None:
        tried.append(how)
        raise guest.GuestError("KVM internal error")

    for _ in range(2):  # it is tried once
        assert accelerator.choose("x86_64", tmp_path, fails) == accelerator.TCG
    assert tried == ["kvm"]
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    assert accelerator.choose("x86_64", tmp_path, lambda *_: None) == accelerator.KVM
    assert accelerator.choose("aarch64", tmp_path, fails) == accelerator.TCG


END = {"kind": "ladder", "complete": True}


def test_the_page_tells_counts_and_differences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kernel, outcome in (("5.10.0", "fail"), ("6.12.1", "pass")):
        item = {"id": "area/rule", "call": "vfork", "variant": ""}
        lines = (
            {"kind": "run", "kernel": kernel, "site": f"kernel:{kernel[:4]}", "mode": "native", "interposer": "shim"},
            {"kind": "case", "level": "linux", **item},
            {"kind": "verdict", "outcome": outcome, "why": "it | does", **item},
            END,
        )
        (tmp_path / f"{kernel}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert cli.main(["kernels", "--write", str(tmp_path / "page.md"), *map(str, tmp_path.glob("*.jsonl"))]) == 0
    page = (tmp_path / "page.md").read_text()
    assert "| native | area/rule | vfork | fail: 5.10.0; pass: 6.12.1 | it \\| does. |" in page
    assert "| 6.12.1 | native | 0 of 0 | 0 of 0 | 0 of 0 | 1 of 1 | 0 | 0 | 0 | 0 |" in page
    (tmp_path / "bad").write_text("{}")
    assert cli.main(["kernels", str(tmp_path / "bad")]) == cli.USAGE
    assert "not a record" in capsys.readouterr().err
    assert kernels.tables([])["differences"] == []


def test_another_machine_is_a_row_and_what_it_lacks_is_told_apart(tmp_path: Path) -> None:
    for machine, outcome in (("x86_64", "pass"), ("aarch64", "unsupported")):
        item = {"id": "area/rule", "call": "vfork", "variant": ""}
        program = {"id": "dash/runs", "call": "", "variant": ""}
        lines: list[dict[str, object]] = [{"kind": "run", "kernel": "6.12.1", "mode": "native", "machine": machine}]
        for one in (item, program):
            lines += [{"kind": "case", "level": "linux", **one}]
            lines += [{"kind": "verdict", "outcome": outcome, "why": "it needs a row", **one}]
        (tmp_path / f"{machine}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*lines, END]))
    assert cli.main(["kernels", "--write", str(tmp_path / "page.md"), *map(str, tmp_path.glob("*.jsonl"))]) == 0
    page = (tmp_path / "page.md").read_text()
    assert "| 6.12.1, aarch64 | native | 0 of 0 |" in page
    assert "Nothing: every item" in page
    assert "| 6.12.1, aarch64 | native | 1 | unsupported | it needs a row |" in page
    assert "| 6.12.1, aarch64 | native | 1 | unsupported | a workload of a program that is not in the guest |" in page


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not a record"),
        ("[1]", "not a record"),
        ('{"kind": "run", "kernel": null}', "it does not tell the kernel"),
        ('{"kind": "run", "kernel": []}', "it does not tell the kernel"),
        ('{"kind": "run", "kernel": "6.12.1"}', "the record of a part of the suite, or of a run that did not end"),
    ],
)
def test_what_is_no_record_of_a_run_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, says: str
) -> None:
    (tmp_path / "bad.jsonl").write_text(content + "\n")
    assert cli.main(["kernels", str(tmp_path / "bad.jsonl")]) == cli.USAGE
    assert says in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.jsonl").write_text(f'{{"kind": "run", "kernel": "6.12.1", "mode": "native"}}\n{json.dumps(END)}\n')
    assert cli.main(["kernels", "--write", str(tmp_path), str(tmp_path / "run.jsonl")]) == cli.USAGE
    assert cli.main(["kernels", "--write", str(tmp_path / "page.md")]) == cli.USAGE
    assert "Is a directory" in capsys.readouterr().err


def test_two_records_of_one_run_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "run.jsonl"
    head = {"kind": "run", "kernel": "6.12.1", "mode": "native", "interposer": "shim"}
    record.write_text(f"{json.dumps(head)}\n{json.dumps(END)}\n")
    assert cli.main(["kernels", str(record), str(record)]) == cli.USAGE
    assert "2 records of shim, mode native, on 6.12.1: give one" in capsys.readouterr().err
