# SPDX-License-Identifier: MIT
"""A run never claims more than it saw: only a whole one may print a level."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.templates import places

Run = Callable[..., pytest.RunResult]
DEADLINE_S = 300
ITEMS = 4
# A suite of four items, one of each level, that a real one is too large for: in it every way to lose one is tried.
CASE = """\
/*---
id: tiny/{name}
level: {level}
spec: 'vfork(2): "a child process"'
do: The parent makes a child.
must: The child runs.
calls: [vfork]
expect: [parent.returned != 0]
fails_under: [{breakers}]
---*/
{{% extends "_lib/case.c.j2" %}}
{{% block child %}}
	_exit(0);
{{% endblock %}}
{{% block parent %}}
	long pid = spawn(0);

	event("parent.returned", pid);
	waitpid(pid, NULL, 0);
{{% endblock %}}
"""
LEVELS = {"a-posix": "posix", "b-suspends": "suspends", "c-shares": "shares", "d-linux": "linux"}
# The plugin, with the tiny suite in the place of ours.
STAND_IN = """
from pathlib import Path
from pytest_vfork.templates import places

TINY = Path(__file__).parent / "tiny"
ours = places.ours
places.ours = lambda: (TINY,)
where = places.where_parts_lie
places.where_parts_lie = lambda template: (*where(template), *ours())
"""


@pytest.fixture
def tiny(pytester: pytest.Pytester) -> Path:
    folder = pytester.mkdir("tiny") / "tiny"
    folder.mkdir()
    for name, level in LEVELS.items():
        breakers = "fork" if level in ("suspends", "shares") else ""
        (folder / f"{name}.c.j2").write_text(CASE.format(name=name, level=level, breakers=breakers))
    (pytester.path / "stand_in.py").write_text(STAND_IN)
    (pytester.path / "none.toml").write_text("")  # ours speak of our cases
    return folder


def started(*arguments: str) -> list[str]:
    return ["-p", "stand_in", "tiny", "--vfork-expectations=none.toml", "--vfork-record=run.jsonl", *arguments]


def level_of(output: str) -> str:
    return next(line for line in output.splitlines() if line.startswith(("level:", "no level:")))


def the_end(folder: Path) -> dict[str, object]:
    line = (folder / "run.jsonl").read_text().splitlines()[-1]
    end: dict[str, object] = json.loads(line)
    assert end["kind"] == "ladder"
    return end


both = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["plain", "xdist"])


@both
def test_a_whole_run_claims_a_level(run: Run, tiny: Path, workers: tuple[str, ...]) -> None:
    result = run(*started(*workers))
    result.assert_outcomes(passed=ITEMS)
    assert level_of(result.stdout.str()) == "level: linux (claim: linux)"
    assert {"complete": True, "why": "", "reached": "linux"}.items() <= the_end(tiny.parents[1]).items()


KILLS_ITS_WORKER = """
import os, pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    if "b-suspends" in item.nodeid:
        os._exit(3)
"""
SETUP_FAILS = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if "b-suspends" in item.nodeid:
        raise RuntimeError("a fixture of somebody's")
"""
CRASHES = """
from pytest_vfork.running.session import Session

check = Session.check_case

def crash(self, case, call, variant=""):
    if case.id == "tiny/b-suspends":
        raise RuntimeError("our own mistake")
    return check(self, case, call, variant)

Session.check_case = crash
"""


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@both
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("-k", "posix or linux"), "2 of 4 items ran (2 deselected)"),
        (("-m", "vfork_level"), ""),
        (("--deselect", "tiny/tiny/c-shares.c.j2::vfork"), "3 of 4 items ran (1 deselected)"),
        (("--ignore", "tiny/tiny/c-shares.c.j2"), "3 of 4 items ran (1 deselected)"),
        (("--vfork-calls=clone",), "0 of 4 items ran (4 deselected)"),
    ],
    ids=["k", "m", "deselect", "ignore", "calls"],
)
def test_what_was_not_selected_is_missing(
    run: Run, tiny: Path, arguments: tuple[str, ...], why: str, workers: tuple[str, ...]
) -> None:
    result = run(*started(*arguments, *workers))
    end = the_end(tiny.parents[1])
    assert (end["complete"], end["why"]) == (not why, why)
    if why:
        assert end["reached"] is None
    if "--vfork-calls=clone" not in arguments:
        assert level_of(result.stdout.str()).startswith(f"no level: {why}" if why else "level: linux")


@both
@pytest.mark.parametrize(
    ("plugin", "why"),
    [
        (SETUP_FAILS, "3 of 4 items ran (1 in error)"),
        (CRASHES, "3 of 4 items ran (1 in error)"),
        (KILLS_ITS_WORKER, "3 of 4 items ran (1 lost with a worker)"),
    ],
    ids=["setup", "crash", "worker"],
)
def test_what_came_to_no_result_is_missing(
    run: Run, tiny: Path, pytester: pytest.Pytester, plugin: str, why: str, workers: tuple[str, ...]
) -> None:
    if plugin is KILLS_ITS_WORKER and not workers:
        pytest.skip("without workers it is the run that ends")
    (pytester.path / "saboteur.py").write_text(plugin)
    result = run("-p", "saboteur", *started(*workers))
    assert result.ret == 1
    assert level_of(result.stdout.str()).startswith(f"no level: {why}")
    assert the_end(tiny.parents[1])["why"] == why


@both
@pytest.mark.parametrize(
    ("old", "new"),
    [("long pid = spawn(0);", "long pid = {{ nobody }};"), ("calls: [vfork]", "calls: [spoon]")],
    ids=["rendering", "front-matter"],
)
def test_a_broken_template_holds_no_level(run: Run, tiny: Path, old: str, new: str, workers: tuple[str, ...]) -> None:
    change(tiny, "a-posix.c.j2", old, new)
    result = run(*started(*workers))
    result.assert_outcomes(passed=ITEMS - 1, failed=1)
    assert level_of(result.stdout.str()) == "level: none (claim: linux)"
    assert the_end(tiny.parents[1])["reached"] is None


@both
@pytest.mark.parametrize("stop", ["-x", "--maxfail=1", "--stepwise"])
def test_a_run_that_stops_at_a_failure_claims_nothing(
    run: Run, tiny: Path, stop: str, workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    (pytester.path / "tox.ini").write_text("[pytest]\n")  # with a cache
    change(tiny, "a-posix.c.j2", "[parent.returned != 0]", "[parent.returned == 0]")
    for name in list(LEVELS)[1:]:  # so many that two workers cannot have run them all
        for number in range(10):
            text = (tiny / f"{name}.c.j2").read_text()
            (tiny / f"{name}-{number}.c.j2").write_text(text.replace(f"tiny/{name}", f"tiny/{name}-{number}"))
    result = run(*started(stop, *workers))
    assert level_of(result.stdout.str()).startswith("no level: ")
    end = the_end(tiny.parents[1])
    assert end["complete"] is False
    assert "not reached" in str(end["why"])


def test_a_run_of_what_failed_last_claims_nothing(run: Run, tiny: Path, pytester: pytest.Pytester) -> None:
    (pytester.path / "tox.ini").write_text("[pytest]\n")
    change(tiny, "a-posix.c.j2", "[parent.returned != 0]", "[parent.returned == 0]")
    run(*started()).assert_outcomes(failed=1, passed=ITEMS - 1)
    change(tiny, "a-posix.c.j2", "[parent.returned == 0]", "[parent.returned != 0]")
    result = run(*started("--lf"))
    result.assert_outcomes(passed=1)
    assert level_of(result.stdout.str()) == "no level: 1 of 4 items ran (3 deselected) (claim: linux)"


def test_the_record_has_the_ladder_without_a_terminal(run: Run, tiny: Path) -> None:
    result = run(*started("-p", "no:terminal"))
    assert result.ret == 0
    assert the_end(tiny.parents[1])["reached"] == "linux"


@both
@pytest.mark.usefixtures("heeds_sigint")
def test_a_run_that_is_interrupted_shows_what_it_saw(
    tiny: Path, pytester: pytest.Pytester, home: str, workers: tuple[str, ...]
) -> None:
    change(tiny, "c-shares.c.j2", "\t_exit(0);", "\tpause();")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *started("--vfork-deadline=250", *workers)]
    environment = {**os.environ, "HOME": home, "PYTHONPATH": str(pytester.path)}
    process = subprocess.Popen(command, cwd=pytester.path, env=environment, stdout=subprocess.PIPE, text=True)
    record, until = pytester.path / "run.jsonl", time.monotonic() + DEADLINE_S
    while not record.exists() or record.read_text().count('"kind": "verdict"') < ITEMS - 2:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.1)  # a pause between looks: decides nothing
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=DEADLINE_S)
    assert level_of(output).startswith("no level: ")
    assert "not reached" in str(the_end(pytester.path)["why"])


def test_ours_are_in_the_place_of_the_tiny_suite() -> None:
    assert [folder.name for folder in places.ours()] == ["c_tests", "fixtures"]


# The second machine poses by its personality (setarch(8)): its release is 2.6, and so it lacks clone3.
_MACHINES = ("--tx", "popen", "--tx", f"popen//python=setarch x86_64 --uname-2.6 {shlex.quote(sys.executable)}")


@pytest.mark.needs(util_linux="setarch x86_64 --uname-2.6 true")
def test_each_item_says_on_which_of_several_machines_it_ran(
    pytester: pytest.Pytester, run: Run, tmp_path: Path
) -> None:
    made, page = tmp_path / "run.jsonl", tmp_path / "run.html"
    outputs = (f"--vfork-record={made}", f"--vfork-html={page}")
    done = run(
        *_MACHINES, "--dist", "load", *outputs, "--pyargs", "pytest_vfork.conformance", "-k", "parent-waits-until-exec"
    )
    assert done.ret == 0, done.outlines
    lines = list(map(json.loads, made.read_text().splitlines()))
    here = lines[0]["kernel"]
    facts = {line["call"] + line["variant"]: line for line in lines if line["kind"] == "case"}
    elsewhere = [line for line in facts.values() if "at" in line]
    assert 0 < len(elsewhere) < len(facts)
    assert {line["at"]["kernel"].split(".")[0] for line in elsewhere} == {"2"} != {here.split(".")[0]}
    done.stdout.fnmatch_lines(f"{len(elsewhere)} of {len(facts)} items on local: Linux 2.6.*")
    assert f"local: Linux {elsewhere[0]['at']['kernel']}" in page.read_text()


def test_a_record_is_of_one_run_of_the_suite(run: Run) -> None:
    done = run("--tx", "2*popen", "--dist", "each", "--pyargs", "pytest_vfork.conformance")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines("*--dist each: a record is of one run of the suite. Run it on each machine *")


def test_an_interposer_that_cannot_work_is_told_once(run: Run, pytester: pytest.Pytester) -> None:
    suite = ("--pyargs", "pytest_vfork.conformance", "-k", "suspension")
    page = pytester.path / "run.html"
    done = run("--vfork-interposer=command", "--vfork-command=false", f"--vfork-html={page}", *suite)
    done.assert_outcomes(errors=1)
    assert "no level: 0 of" in page.read_text()
    done.stdout.fnmatch_lines(["no level: 0 of * items ran (* not reached, 1 in error, * deselected)*"])
    assert "!!! vfork: no program comes through 'false'" in done.stdout.str()


def test_an_interposer_that_cannot_work_leaves_other_tests_alone(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_mine(): pass")
    case = str(places.ours()[0] / "suspension/parent-waits-until-exec.c.j2")
    done = run("--vfork-interposer=command", "--vfork-command=false", f"{case}::vfork", "--", str(pytester.path))
    done.assert_outcomes(errors=1, passed=1)


def test_a_site_that_cannot_be_reached_is_told_once(run: Run) -> None:
    where = ("--vfork-site=command", "--vfork-site-command=false {agent}")
    done = run(*where, "--pyargs", "pytest_vfork.conformance", "-k", "parent-waits-until-exec")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["on command (no agent behind 'false {agent}': *"])
    assert "Traceback" not in done.stdout.str() + done.stderr.str()
