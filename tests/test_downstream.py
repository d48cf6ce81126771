# SPDX-License-Identifier: MIT
"""The examples of docs/downstream.md are run as they stand, and other people's interposers against stand-ins."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pytest_vfork.building.builder import Builder
from pytest_vfork.commands.cli import main
from pytest_vfork.model import Mode, Program
from pytest_vfork.running.interposers import Settings, UnsupportedError, interposers
from pytest_vfork.running.interposers._before import Before

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples" / "downstream"
Run = Callable[..., pytest.RunResult]
ONE = ("--pyargs", "pytest_vfork.conformance", "-k", "identity/exit-code-of-child-is-reported-once and posix_spawn")
FOREIGN = {name: kind for name, kind in interposers().items() if issubclass(kind, Before)}


def test_ten_lines_of_conftest(run: Run, pytester: pytest.Pytester) -> None:
    shutil.copy(EXAMPLES / "conftest" / "conftest.py", pytester.path)
    result = run(*ONE, "-p", "conftest", "--vfork-interposer=mine")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*interposer mine 1.0*"])
    text = (EXAMPLES / "conftest" / "conftest.py").read_text()
    assert text.rstrip() in (EXAMPLES.parent.parent / "downstream.md").read_text()


def test_a_package_with_an_entry_point(run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    site = pytester.mkdir("site-packages")  # as pip would lay it down
    shutil.copytree(EXAMPLES / "package" / "src" / "my_interposer", site / "my_interposer")
    info = site / "my_interposer-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-interposer\nVersion: 2.1\n")
    project = (EXAMPLES / "package" / "pyproject.toml").read_text()
    assert 'my-interposer = "my_interposer:MyInterposer"' in project.partition("[project.entry-points.pytest_vfork]")[2]
    (info / "entry_points.txt").write_text("[pytest_vfork]\nmy-interposer = my_interposer:MyInterposer\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    result = run(*ONE, "--vfork-interposer=my-interposer")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*interposer my-interposer 2.1*"])


def test_cases_of_ones_own(run: Run, pytester: pytest.Pytester) -> None:
    shutil.copytree(EXAMPLES / "cases", pytester.path, dirs_exist_ok=True)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-c", "pytest.ini", timeout=500)
    result.assert_outcomes(passed=2)
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-c", "pytest.ini", "--vfork-mode=fork", "--vfork-claim=linux", timeout=500
    )
    result.assert_outcomes(failed=2)


@pytest.mark.parametrize(("name", "schema"), [("github.yml", "github-workflows"), ("gitlab.yml", "gitlab-ci")])
def test_the_jobs_are_well_formed(name: str, schema: str) -> None:
    file = EXAMPLES / "ci" / name
    (job,) = next(
        value for value in (yaml.safe_load(file.read_text()).get("jobs"), yaml.safe_load(file.read_text())) if value
    ).values()
    steps = [step.get("run", "") for step in job["steps"]] if "steps" in job else job["script"]
    assert any("--vfork-expectations=" in step and "\n" not in step.strip() for step in steps)
    if importlib.util.find_spec("check_jsonschema") is None:
        pytest.skip("no schema of CI jobs here: pip install check-jsonschema")
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(file)]
    done = subprocess.run(check, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_update_then_green_then_stale(run: Run, pytester: pytest.Pytester) -> None:
    flags = ("--pyargs", "pytest_vfork.conformance", "--vfork-claim=linux", "-k", "parent-waits-until-exec and vfork")
    file = pytester.path / "known.toml"
    first = run(*flags, "--vfork-mode=fork", f"--vfork-update-expectations={file}")
    failed = first.parseoutcomes()["failed"]
    assert failed >= 2
    refused = run(*flags, "--vfork-mode=fork", f"--vfork-expectations={file}")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["*reason or link is '?': write down why it is so*"])
    green = run(*flags, "--vfork-mode=fork", f"--vfork-expectations={file}", "--vfork-allow-unexplained")
    green.assert_outcomes(xfailed=failed, deselected=green.parseoutcomes().get("deselected", 0))
    file.write_text(file.read_text().replace('"?"', '"it is a fork"').replace('modes = ["fork"]\n', ""))
    stale = run(*flags, "--vfork-mode=emulate", f"--vfork-expectations={file}")
    assert stale.parseoutcomes()["failed"] == failed
    stale.stdout.fnmatch_lines(["*STALE EXPECTATION*"])


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_an_interposer_that_is_not_there_says_how_to_get_it(
    name: str, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = FOREIGN[name]
    monkeypatch.setenv("PATH", "/nowhere")
    interposer = kind(Settings(Mode.NATIVE, builder, {}))
    assert interposer.version == "not installed"
    with pytest.raises(UnsupportedError, match="is not on PATH: "):
        interposer.boot()
    monkeypatch.setenv(kind.variable(), "/nowhere/else")
    with pytest.raises(UnsupportedError, match=f"{kind.variable()}: no such program: /nowhere/else"):
        kind(Settings(Mode.NATIVE, builder, {})).boot()


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("echo tool version 7.2.22", "7.2.22"),
        ("echo nothing", "of no version"),
        ("echo 3.1 >&2; exit 9", "3.1"),
        ("kill -SEGV $$", "of no version"),
        (r"printf '\377\376 1.5'", "1.5"),
    ],
)
def test_a_version_is_found_in_whatever_it_says(
    says: str, version: str, tmp_path: Path, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "strace"
    tool.write_text(f"#!/bin/sh\n{says}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("VFORK_STRACE", str(tool))
    interposer = FOREIGN["strace"](Settings(Mode.NATIVE, builder, {}))
    assert interposer.version == version
    assert interposer.boot().prefix[0] == str(tool)


def test_what_is_preloaded_takes_no_static_program(builder: Builder, static_image: Path) -> None:
    program = Program(static_image, (str(static_image),))
    for name in ("fakeroot", "shadow", "ltrace"):
        assert "static" in (FOREIGN[name](Settings(Mode.NATIVE, builder, {})).refuse(program) or "")
    assert FOREIGN["strace"](Settings(Mode.NATIVE, builder, {})).refuse(program) is None


# Stands for Shadow: reads the configuration, runs the one process, and tells of its end in Shadow's words.
# Python, started by a shell: the first line of a script has no room for a path with a blank.
_STAND_IN = f"""#!/bin/sh
"exec" "{sys.executable}" "$0" "$@"
import json, pathlib, signal, subprocess, sys
if "--version" in sys.argv:
    sys.exit(print("Shadow 9.9.9"))
whole = json.load(open(sys.argv[1]))
(process,) = whole["hosts"]["host"]["processes"]
folder = pathlib.Path(whole["general"]["data_directory"], "hosts", "host")
folder.mkdir(parents=True)
with open(folder / "it.1000.stdout", "wb") as out, open(folder / "it.1000.stderr", "wb") as err:
    done = subprocess.run([process["path"], *process["args"]], env=process["environment"], stdout=out, stderr=err)
if b"forever" in (folder / "it.1000.stdout").read_bytes():
    how = "StoppedByShadow"
elif done.returncode < 0:
    how = f"Signaled({{signal.Signals(-done.returncode).name}})"
else:
    how = f"Normal({{done.returncode}})"
if how != "Normal(0)":
    print(f"00:00 [ERROR] process 'host.it.1000' exited with status {{how}}; expected end state was exited: 0")
    sys.exit(1)
"""


@pytest.mark.parametrize(
    ("script", "status", "out"),
    [
        ("echo hello", 0, "hello\n"),
        ("echo on; exit 7", 7, "on\n"),
        ("kill -TERM $$", -15, ""),
        ("echo forever", 124, "forever\n"),
    ],
)
def test_shadow_is_run_and_told_of(
    script: str, status: int, out: str, tmp_path: Path, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow = tmp_path / "shadow"
    shadow.write_text(_STAND_IN)
    shadow.chmod(0o755)
    monkeypatch.setenv("VFORK_SHADOW", str(shadow))
    interposer = FOREIGN["shadow"](Settings(Mode.NATIVE, builder, {}))
    assert interposer.version == "9.9.9"
    command = interposer.boot().wrap(("/bin/sh", "-c", script))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (status, out)
    assert [path.name for path in tmp_path.iterdir()] == ["shadow"]  # nothing of the simulation is left


def test_a_shadow_that_does_not_run_says_why(tmp_path: Path, builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    shadow = tmp_path / "shadow"
    shadow.write_text("#!/bin/sh\necho 'unknown field' >&2\nexit 2\n")
    shadow.chmod(0o755)
    monkeypatch.setenv("VFORK_SHADOW", str(shadow))
    command = FOREIGN["shadow"](Settings(Mode.NATIVE, builder, {})).boot().wrap(("/bin/true",))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (125, "Shadow: unknown field\n")


@pytest.mark.parametrize(("script", "status"), [("exit 7", 7), ("kill -TERM $$", 128 + 15)])
def test_the_server_of_pseudo_ends_with_its_program(
    script: str, status: int, tmp_path: Path, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    pseudo = tmp_path / "bin" / "pseudo"
    pseudo.parent.mkdir()
    log = 'echo "$PSEUDO_PREFIX $1" >> "$PSEUDO_LOCALSTATEDIR/log"'
    pseudo.write_text(f'#!/bin/sh\n{log}\n[ "$1" = -S ] || exec "$@"\n')
    pseudo.chmod(0o755)
    monkeypatch.setenv("VFORK_PSEUDO", str(pseudo))
    boot = FOREIGN["pseudo"](Settings(Mode.NATIVE, builder, {})).boot()
    here = tmp_path / "here"
    here.mkdir()
    done = subprocess.run(
        boot.wrap(("/bin/sh", "-c", script)), cwd=here, env={**os.environ, **boot.env}, timeout=60, check=False
    )
    assert done.returncode == status
    assert (here / ".pseudo" / "log").read_text() == f"{tmp_path} /bin/sh\n{tmp_path} -S\n"


def test_a_jail_begins_where_the_program_runs(
    tmp_path: Path, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "tool"
    tool.write_text('#!/bin/sh\necho "$*"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("VFORK_NSJAIL", str(tool))
    command = FOREIGN["nsjail"](Settings(Mode.NATIVE, builder, {})).boot().wrap(("/bin/true",))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.endswith(f"--cwd {tmp_path} -- /bin/true\n")


def test_sandlock_is_a_package_of_the_python_that_runs_pytest(
    builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandlock = interposers()["sandlock"](Settings(Mode.NATIVE, builder, {}))
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.9.0")
    assert sandlock.version == "0.9.0"
    assert sandlock.boot().prefix[0] == sys.executable

    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert sandlock.version == "not installed"
    with pytest.raises(UnsupportedError, match="pip install sandlock"):
        sandlock.boot()


@pytest.mark.parametrize("stand_in", ["false", "echo garbage", "sleep 60", "sh -c 'kill -SEGV $$' --"])
def test_an_interposer_under_which_nothing_runs_is_never_a_pass(stand_in: str, run: Run) -> None:
    result = run(*ONE, "--vfork-interposer=command", f"--vfork-command={stand_in}", "--vfork-deadline=3")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*vfork: *no *program*"])


def _record(tmp_path: Path, **more: object) -> Path:
    run = {"kind": "run", "schema": 1, "interposer": "mine", "interposer_version": "1.0", "mode": None, "kernel": "6.1",
           "libc": "glibc 2.36", "machine": "x86_64", "started": "2026-01-01T00:00:00", **more}  # fmt: skip
    facts = {"kind": "workload", "id": "dash/a", "call": "", "variant": "", "level": "posix", "spec": "s", "must": "m",
             "source": "", "version": "1", "seen": None}  # fmt: skip
    verdict = {"kind": "verdict", "id": "dash/a", "call": "", "variant": "", "outcome": "xfail", "why": "a reason",
               "expected": "", "seen": "", "link": "https://example.org"}  # fmt: skip
    path = tmp_path / "record.jsonl"
    path.write_text(
        "".join(json.dumps(line) + "\n" for line in (run, facts, verdict, {"kind": "ladder", "complete": True}))
    )
    return path


def test_the_page_of_interposers_is_made_from_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["interposers", str(_record(tmp_path))]) == 0
    page = capsys.readouterr().out
    assert "| [mine](#mine) | 1.0 | 0/1 |" in page
    assert "- a reason ([source](https://example.org)): 1\n  - dash/a\n" in page


def test_the_page_of_interposers_keeps_those_of_which_there_is_no_record(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert main(["interposers", str(_record(tmp_path)), "--write", str(page)]) == 0
    old = page.read_text()
    again = ["interposers", str(_record(tmp_path, interposer="yours")), "--keep", str(page), "--write", str(page)]
    assert main(again) == 0
    both = page.read_text()
    assert "| [mine](#mine) | 1.0 | 0/1 |" in both
    assert "| [yours](#yours) | 1.0 | 0/1 |" in both
    assert both.endswith(old[old.index("\n## mine") :].replace("mine", "yours"))
    assert old[old.index("\n## mine") :] in both
    assert main(again) == 0
    assert page.read_text() == both  # of which there is a record, that is what counts


def test_a_page_of_interposers_that_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["interposers", str(_record(tmp_path)), "--keep", str(tmp_path / "none.md")]) == 2
    assert "none.md" in capsys.readouterr().err


@pytest.mark.parametrize(("cut", "says"), [(-1, "did not end"), (0, "did not end")])
def test_a_record_that_is_not_whole_makes_no_row(
    cut: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _record(tmp_path)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:cut]))
    assert main(["interposers", str(path)]) == 2
    assert says in capsys.readouterr().err
