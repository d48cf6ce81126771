# SPDX-License-Identifier: MIT
"""The folder that `pytest-vfork export` writes, run where there is no Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import xml.dom.minidom
from pathlib import Path

import psutil
import pytest
from waiting import within

from pytest_vfork.commands.cli import main
from pytest_vfork.commands.export.write import Wanted, write
from pytest_vfork.judging import ktap
from pytest_vfork.templates import suite

DEADLINE_S = 60
_MAKES = pytest.mark.needs(make="make --version")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Four items as sources, and their programs made by the export's own Makefile."""
    folder = tmp_path / "out of tree"
    count, out = write(folder, suite.cases(), Wanted(profile="core", calls=("posix_spawn",)))
    assert (count, out) == (4, ())
    subprocess.run(["make", "-s", "-C", str(folder), "all"], check=True, timeout=300)
    return folder


def shell(folder: Path, *arguments: str, sh: str = "sh") -> subprocess.CompletedProcess[str]:
    command = [*sh.split(), str(folder / "run.sh"), "-o", str(folder / "results"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


@_MAKES
def test_run_sh_runs_an_export(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shells = ["sh", "bash", *(["busybox sh"] if shutil.which("busybox") else [])]
    for sh in shells:
        done = shell(export, sh=sh)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.endswith("vfork: 4 ok, 0 not ok, 0 known, 0 stale, 0 skipped, 0 broken of 4\n")
        assert not done.stderr
    assert main(["judge", str(export / "results")]) == 0
    assert "held" in capsys.readouterr().out


@_MAKES
def test_run_sh_tells_what_went_wrong(export: Path, tmp_path: Path) -> None:
    bin = export / "bin"
    kept = "suspension/parent-waits-until-exec:posix_spawn"
    (bin / "memory/memory-of-parent-is-intact-after-exec-of-child.posix_spawn").write_text("#!/bin/sh\necho '<&>'\n")
    (tmp_path / "skip").write_text("# these\nidentity/exit-code-*\n")
    (tmp_path / "known").write_text(f"{kept}\n")
    done = shell(export, "-s", str(tmp_path / "skip"), "-x", str(tmp_path / "known"))
    assert done.returncode == 1
    assert done.stdout.endswith("vfork: 1 ok, 0 not ok, 0 known, 1 stale, 1 skipped, 1 broken of 4\n")
    assert (
        "memory/memory-of-parent-is-intact-after-exec-of-child:posix_spawn # ERROR it ended without a verdict"
        in done.stdout
    )
    suite_node = xml.dom.minidom.parse(str(export / "results" / "junit.xml")).getElementsByTagName("testsuite")[0]
    counts = {key: suite_node.getAttribute(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    told = {one.item: one.verdict.outcome for one in ktap.read((export / "results" / "results.ktap").read_text())}
    assert sorted(outcome.value for outcome in told.values()) == ["broken", "pass", "pass", "unsupported"]


@_MAKES
@pytest.mark.parametrize(
    "arguments",
    [
        ("-d", "soon"),
        ("-d", "08"),
        ("-d", "9" * 20),
        ("-s", "/nowhere"),
        ("-x", "."),
        ("nothing/of-the-kind",),
        ("-z",),
    ],
    ids=["deadline", "octal deadline", "long deadline", "skip", "folder", "item", "option"],
)
def test_run_sh_refuses_bad_usage(export: Path, arguments: tuple[str, ...]) -> None:
    done = shell(export, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


@_MAKES
def test_run_sh_reads_lists_as_they_come(export: Path, tmp_path: Path) -> None:
    """Of Windows, without a last newline, with what there is not."""
    ends = tmp_path / "a b"
    ends.write_bytes(b"identity/exit-code-*\r\nno/such\r\nsuspension/*:posix_spawn")
    done = shell(export, "-s", str(ends))
    assert done.stdout.endswith(" 2 skipped, 0 broken of 4\n")
    assert (done.returncode, done.stderr) == (0, f"run.sh: {ends}: no item fits no/such:*\n")


@_MAKES
@pytest.mark.parametrize(
    ("verdict", "status", "why"),
    [
        ("not ok 1 {}", 0, "it said another verdict than its exit status, 0"),
        ("ok 1 {}", 1, "it said another verdict than its exit status, 1"),
        ("ok 1 {} # SKIP none", 0, "it said another verdict than its exit status, 0"),
        ("not ok 1 {} # ERROR none", 1, "it said another verdict than its exit status, 1"),
        ("no word", 0, "it ended without a verdict"),
    ],
)
def test_run_sh_believes_no_half_of_a_verdict(
    export: Path, tmp_path: Path, verdict: str, status: int, why: str
) -> None:
    """What stands between a program and the kernel may lose the exit status, or the end of what was said."""
    item = "suspension/parent-waits-until-exec:posix_spawn"
    loses = tmp_path / "loses"
    loses.write_text(f"#!/bin/sh\necho '{verdict.format(item)}'\nexit {status}\n")
    loses.chmod(0o755)
    done = shell(export, "-u", str(loses), item)
    assert f"not ok 1 {item} # ERROR {why}\n" in done.stdout
    assert (done.returncode, done.stdout.endswith(" 1 broken of 1\n")) == (99, True)


@_MAKES
@pytest.mark.parametrize("sh", ["sh", "bash"])
def test_run_sh_that_is_interrupted_ends_what_it_runs(export: Path, tmp_path: Path, sh: str) -> None:
    waits = tmp_path / "waits"
    waits.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid.new && mv {tmp_path}/pid.new {tmp_path}/pid\nexec sleep 77\n")
    waits.chmod(0o755)
    (export / "results").mkdir()
    (export / "results/junit.xml").write_text("of a run before")
    command = [sh, str(export / "run.sh"), "-o", str(export / "results"), "-u", str(waits)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            assert within(DEADLINE_S, (tmp_path / "pid").exists)
            run.terminate()
            said = run.communicate(timeout=DEADLINE_S)
        finally:
            run.kill()
    assert (run.returncode, said[1]) == (143, "run.sh: interrupted after 0 of 4\n")
    assert within(DEADLINE_S, lambda: not psutil.pid_exists(int((tmp_path / "pid").read_text())))
    assert [path.name for path in (export / "results").iterdir()] == ["results.ktap"]


@_MAKES
@pytest.mark.parametrize("list", ["/dev/null", "/dev/stdin"])
def test_run_sh_reads_a_list_once_whatever_it_is(export: Path, list: str) -> None:
    command = ["sh", str(export / "run.sh"), "-o", str(export / "results"), "-s", list]
    lines = "identity/exit-code-*\n"
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f" {1 if list == '/dev/stdin' else 0} skipped, 0 broken of 4\n" in done.stdout


@_MAKES
def test_run_sh_finds_its_folder_whatever_cdpath_is(export: Path) -> None:
    command = ["sh", "out of tree/run.sh", "-o", str(export / "results"), "suspension/*"]
    env = {**os.environ, "CDPATH": "."}
    done = subprocess.run(command, cwd=export.parent, env=env, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@_MAKES
def test_run_sh_puts_a_prefix_before_each_program(export: Path) -> None:
    done = shell(export, "-u", "env VFORK_KERNEL=4.4 LANG=C", "suspension/*")
    assert "of 1\n" in done.stdout
    assert done.returncode == 0


@_MAKES
def test_the_manifest_says_what_is_there(export: Path) -> None:
    manifest = json.loads((export / "manifest.json").read_text())
    assert [item["item"] for item in manifest["items"]] == [
        line.split("\t")[0] for line in (export / "list").read_text().splitlines()
    ]
    for item in manifest["items"]:
        assert (export / item["source"]).exists()
        assert len(item["sha256"]) == 64
