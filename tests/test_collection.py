# SPDX-License-Identifier: MIT
"""Cases and workloads are files to pytest: ours, anybody's, and those that are wrong."""

from __future__ import annotations

import json
import re
import shlex
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.records.read import read_record
from pytest_vfork.templates import places, suite

Run = Callable[..., pytest.RunResult]
SUITE = ("--pyargs", "pytest_vfork.conformance")
CASES = places.folder("c_tests")
EXEC = CASES / "suspension" / "parent-waits-until-exec.c.j2"
ITEMS = sum(len(case.items) for case in suite.cases()) + len(suite.workloads())

CASE = """\
/*---
id: mine/my-case
level: posix
spec: 'vfork(2): "a child process"'
do: The parent makes a child.
must: The child runs.
calls: [vfork, clone]
expect: [parent.returned != 0]
fails_under: []
---*/
{% extends "_lib/case.c.j2" %}
{% block child %}
	_exit(0);
{% endblock %}
{% block parent %}
	long pid = spawn(0);

	event("parent.returned", pid);
	waitpid(pid, NULL, 0);
{% endblock %}
"""
WORKLOAD = """\
#---
# id: mine/my-workload
# level: posix
# spec: s
# do: d
# must: m
# asserts: [output]
# stdout: |
#   one
# seen: {vfork: 1}
#---
/bin/echo one
exit 0
"""
# What is wrong with a case, the line that it is in, and words of the message.
WRONG = {
    "level": ("level: posix", "level: high", 3, "level: 'high'"),
    "yaml": ("must: The child runs.", "must: [", 8, "not YAML"),
    "syntax": ("long pid = spawn(0);", "long pid = {{ spawn( }};", 16, "unexpected '}'"),
    "name": ("long pid = spawn(0);", "long pid = {{ nobody }};", 16, "'nobody' is undefined"),
    "value": ("long pid = spawn(0);", "long pid = {{ 1 // 0 }};", 16, "zero"),
    "part": ("\t_exit(0);", '\t{% include "_lib/none.c.j2" %}', 13, "no template _lib/none.c.j2"),
    "c": ("long pid = spawn(0);", "long pid = spawn(0) +;", 16, "error:"),
    "header": ("long pid = spawn(0);", "long pid = spawn(0); login_tty(0);", 16, "login_tty"),
}


@pytest.fixture
def mine(pytester: pytest.Pytester) -> Path:
    """A folder of somebody else's, with a case and a workload."""
    folder = pytester.mkdir("own") / "mine"
    folder.mkdir()
    (folder / "my-case.c.j2").write_text(CASE)
    (folder / "my-workload.sh.j2").write_text(WORKLOAD)
    return folder


def collected(run: Run, *arguments: str) -> list[str]:
    result = run("--co", "-q", *arguments)
    return [line for line in result.outlines if "::" in line]


@pytest.mark.parametrize(
    ("arguments", "items"),
    [
        ((str(EXEC),), ["vfork", "libc-vfork", "clone", "clone-stack", "clone3", "clone3-stack", "posix_spawn"]),
        ((f"{EXEC}::clone3",), ["clone3"]),
        ((*SUITE, "-k", "parent-waits-until-exec:clone3"), ["clone3", "clone3-stack"]),
        ((*SUITE, "-k", "[suspension/parent-waits-until-exec:clone3]"), ["clone3"]),
        ((str(CASES / "suspension"), "-k", "parent-waits-until-exit and +musl"), ["libc-vfork+musl"]),
        ((str(EXEC), "-m", "vfork_level(level='posix')"), []),
        ((str(EXEC), "-m", "vfork_level(level='suspends') and vfork_area(area='suspension')", "-k", "_spawn"),
         ["posix_spawn"]),
    ],
)  # fmt: skip
def test_items_are_chosen_as_pytest_chooses(run: Run, arguments: tuple[str, ...], items: list[str]) -> None:
    if "(" in "".join(arguments) and pytest.version_tuple < (8, 3):
        pytest.skip("this pytest selects by the name of a mark alone")
    assert [line.rpartition("::")[2] for line in collected(run, *arguments)] == items


def test_the_whole_suite_is_there_by_its_package(run: Run) -> None:
    assert len(collected(run, *SUITE)) == ITEMS


def test_a_keyword_that_is_the_name_of_our_marks_selects_what_is_called_so(run: Run) -> None:
    everything = collected(run, str(CASES / "arguments"))
    for word in ("vfork", "vfork_level", "area"):
        chosen = collected(run, str(CASES / "arguments"), "-k", word)
        assert chosen == [line for line in everything if word in line.removeprefix(str(CASES))], word
    assert collected(run, str(CASES / "arguments"), "-m", "vfork") == everything


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_folder_of_ones_own_works_by_path(run: Run, mine: Path, workers: tuple[str, ...]) -> None:
    result = run("own", "--vfork-mode=emulate", "--vfork-record=run.jsonl", *workers)
    result.assert_outcomes(passed=3)
    lines = [json.loads(line) for line in (mine.parents[1] / "run.jsonl").read_text().splitlines()]
    names = {(line["id"], line["call"], line["outcome"]) for line in lines if line["kind"] == "verdict"}
    assert names == {
        ("mine/my-case", "vfork", "pass"),
        ("mine/my-case", "clone", "pass"),
        ("mine/my-workload", "", "pass"),
    }
    run(str(mine / "my-case.c.j2") + "::clone").assert_outcomes(passed=1)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_value_may_be_any_long(run: Run, mine: Path, workers: tuple[str, ...]) -> None:
    """To execnet, which carries results from workers, an integer below -(1 << 31) is an error."""
    event = 'event("parent.has", LONG_MIN)'
    text = CASE.replace("long pid", f"{event};\n\tlong pid").replace("parent.returned != 0", "parent.has != 0")
    (mine / "my-case.c.j2").write_text(
        text.replace(
            "%}\n{% block child", "%}\n{% block globals %}\n#include <limits.h>\n{% endblock %}\n{% block child", 1
        )
    )
    run(str(mine / "my-case.c.j2"), "--vfork-record=run.jsonl", *workers).assert_outcomes(passed=2)
    seen = read_record(mine.parents[1] / "run.jsonl").items["mine/my-case:vfork"].seen
    assert seen and seen.events[0].value == -(1 << 63)


def test_a_folder_of_ones_own_works_by_ini_and_with_the_suite(
    run: Run, mine: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pytester.path / "tox.ini").write_text("[pytest]\nvfork_cases = own\naddopts = -p no:cacheprovider\n")
    assert [line.rpartition("/")[2] for line in collected(run, *SUITE, "-k", "mine")] == [
        "my-case.c.j2::vfork", "my-case.c.j2::clone", "my-workload.sh.j2::run",
    ]  # fmt: skip
    elsewhere = pytester.mkdir("elsewhere")
    monkeypatch.chdir(elsewhere)  # the paths are those of the ini file
    assert len(collected(run, "-c", "../tox.ini", *SUITE, "-k", "mine")) == 3
    result = run("-c", "../tox.ini", "--vfork-cases=nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--vfork-cases: no such folder: */elsewhere/nowhere*"])


def test_a_folder_of_ones_own_may_have_parts_of_its_own_and_ours(run: Run, mine: Path) -> None:
    parts = mine.parent / "_lib"
    parts.mkdir()
    (parts / "answer.c.j2").write_text('\tevent("parent.answers", 42);\n')
    (parts / "mine.c.j2").write_text('{% extends "_lib/case.c.j2" %}\n')
    text = CASE.replace('"_lib/case.c.j2"', '"_lib/mine.c.j2"')
    text = text.replace("long pid", '{% include "_lib/answer.c.j2" %}\n\tlong pid')
    (mine / "my-case.c.j2").write_text(text.replace("[parent.returned != 0]", "[parent.answers == 42]"))
    run(str(mine / "my-case.c.j2")).assert_outcomes(passed=2)


def test_a_case_names_headers_of_its_own(run: Run, mine: Path) -> None:
    text = CASE.replace(
        "{% block child %}", "{% block globals %}\n#include <utmp.h>\n{% endblock %}\n{% block child %}"
    )
    (mine / "my-case.c.j2").write_text(text.replace("long pid", "(void)login_tty;\n\tlong pid"))
    run(str(mine / "my-case.c.j2")).assert_outcomes(passed=2)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["plain", "xdist"])
def test_what_is_wrong_is_broken_and_keeps_no_other_from_running(
    run: Run, mine: Path, workers: tuple[str, ...]
) -> None:
    for name, (old, new, _, _) in WRONG.items():
        assert old in CASE
        (mine / f"wrong-{name}.c.j2").write_text(CASE.replace("mine/my-case", f"mine/wrong-{name}").replace(old, new))
    result = run("own", "--vfork-calls=vfork", "--vfork-mode=emulate", "--tb=short", *workers)
    result.assert_outcomes(passed=2, failed=len(WRONG))
    said = result.stdout.str()
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said
    for name, (_, _, line, message) in WRONG.items():
        where = re.escape(str(mine / f"wrong-{name}.c.j2"))
        assert re.search(rf"broke: +{where}:{line}:\s(?s:.){{,900}}{re.escape(message)}", said), name
    result.stdout.fnmatch_lines(["mine/wrong-level  BROKEN*", "no level: * items ran (* deselected*) (claim: linux)"])
    cited = re.findall(r"^ +(/\S+\.c):\d+:\d+: error", said, re.MULTILINE)
    assert len(cited) >= 2
    assert all(Path(path).is_file() for path in cited), "the source that an error cites is there"


def said(result: pytest.RunResult) -> str:
    """Return what was written in one line: pytest and we break it anywhere."""
    return " ".join(result.stdout.str().split())


BEGINNINGS = {
    "bom": ("\ufeff/*---", 1, "not with a byte order mark"),
    "line": ("\n/*---", 2, "and this is line 2"),
    "space": ("/* ---", 1, "not with '/* ---'"),
    "shebang": ("#!/bin/sh\n/*---", 2, "and this is line 2"),
    "no-id": ("/*---\nix: 1", 2, "ix: unknown key"),
}


def test_what_begins_almost_like_a_template_is_broken_and_not_passed_over(run: Run, mine: Path) -> None:
    for name, (beginning, _, _) in BEGINNINGS.items():
        text = CASE.replace("mine/my-case", f"mine/{name}").replace("/*---", beginning)
        (mine / f"{name}.c.j2").write_text(text.replace("id: mine/no-id\n", ""))
    for name in (
        "empty.c.j2",
        "plain.c.j2",
        "plain.txt.j2",
        "_part.c.j2",
    ):
        (mine / name).write_text("int x;\n" * (name != "empty.c.j2"))
    for arguments in (("own",), ("--vfork-mode=native", ".")):
        result = run(*arguments, "--vfork-calls=vfork", "--tb=short")
        result.assert_outcomes(passed=2, failed=len(BEGINNINGS))
        for name, (_, line, message) in BEGINNINGS.items():
            assert re.search(rf"/{name}.c.j2:{line}: .{{,70}}{re.escape(message)}", said(result)), name
    for name in ("empty.c.j2", "plain.c.j2"):
        result = run(f"own/mine/{name}")
        result.assert_outcomes(failed=1)
        assert f"/{name}:1: no front matter: the file must begin with /*--- or #--- " in said(result)
    for name in ("plain.txt.j2", "_part.c.j2"):
        assert run(f"own/mine/{name}").ret == pytest.ExitCode.USAGE_ERROR


OF_OTHERS = {
    "app.yml.j2": "# ---\n# id: managed\nfoo: {{ bar }}\n",
    "tool.py.j2": "#!/usr/bin/env python3\n# ---\nprint('{{ x }}')\n",
    "run.sh.j2": "\n# ---\nx={{ x }}\n",
    "conf.c.j2": "/* --- \n * license\n */\nint x;\n",
}


def test_templates_of_other_projects_are_passed_over(run: Run, pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("roles")
    for name, text in OF_OTHERS.items():
        (folder / name).write_text(text)
    pytester.makepyfile("def test_a(): pass")
    run(".").assert_outcomes(passed=1)


def test_a_link_to_itself_is_not_found(run: Run, mine: Path) -> None:
    (mine / "loop.c.j2").symlink_to("loop.c.j2")
    result = run("own/mine/loop.c.j2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: file or directory not found: own/mine/loop.c.j2"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
    run("own", "--vfork-calls=vfork").assert_outcomes(passed=2)
    result = run("--vfork-cases=own", *SUITE, "-k", "mine/", "--vfork-calls=vfork")
    result.assert_outcomes(passed=2, failed=1)
    assert "/loop.c.j2:1: Too many levels of symbolic links " in said(result)


def test_what_is_wrong_is_broken_with_expectations_too(run: Run, mine: Path) -> None:
    (mine / "my-case.c.j2").write_text(CASE.replace("level: posix", "level: high"))
    cases = '["suspension/parent-waits-until-exec", "mine/my-case"]'
    known = f'[[expect]]\ncase = {cases}\noutcome = "fail"\nreason = "r"\nlink = "l"\n'
    (mine / "known.toml").write_text(known)
    result = run("own", "--vfork-mode=emulate", f"--vfork-expectations={mine / 'known.toml'}")
    result.assert_outcomes(passed=1, failed=1)


def test_the_command_of_a_failure_runs_it_again_and_it_alone(run: Run, mine: Path, pytester: pytest.Pytester) -> None:
    (mine / "my-case.c.j2").write_text(CASE.replace("[parent.returned != 0]", "[parent.returned == 0]"))
    for arguments in ((*SUITE, "-k", "[suspension/parent-waits-until-exec:clone3]", "--vfork-mode=fork"), ("own",)):
        result = run(*arguments, "--vfork-claim=linux", "--vfork-calls=vfork,clone3")
        result.assert_outcomes(failed=1, passed=1 if arguments == ("own",) else 0)
        failed = next(line for line in result.outlines if re.search("DEVIATES FROM LINUX$", line))
        again = next(line.partition("again:")[2] for line in result.outlines if line.startswith("  again:"))
        pytest_word, *words = shlex.split(again)
        assert pytest_word == "pytest"
        second = run(*words)
        second.assert_outcomes(failed=1)
        assert failed in second.outlines


@pytest.mark.parametrize(("key", "why"), [("since: '99.0'", "99.0 or newer"), ("until: '3.2'", "before 3.2")])
def test_a_skip_cites_the_template(run: Run, mine: Path, key: str, why: str) -> None:
    template = mine / "my-case.c.j2"
    template.write_text(CASE.replace("fails_under: []", f"fails_under: []\n{key}"))
    result = run(str(template), "-rs")
    result.stdout.fnmatch_lines([f"SKIPPED * *mine/my-case.c.j2:1: Linux {why} is needed*"])


def test_junit_has_what_identifies_an_item_as_properties(run: Run, pytester: pytest.Pytester) -> None:
    run(f"{EXEC}::clone3", "--vfork-mode=fork", "--junitxml=junit.xml")
    found = ElementTree.parse(pytester.path / "junit.xml").iter("property")
    assert {element.attrib["name"]: element.attrib["value"] for element in found} == {
        "id": "suspension/parent-waits-until-exec", "level": "suspends", "call": "clone3", "mode": "fork",
        "outcome": "fail", "expected": "referee.releases < parent.returned", "seen": "parent.returned came first",
    }  # fmt: skip


def test_the_header_says_what_is_run(run: Run) -> None:
    result = run(f"{EXEC}::clone3", "--vfork-mode=emulate")
    result.stdout.fnmatch_lines([f"vfork: *, {ITEMS} items; interposer shim *, mode emulate; site local; cc *"])


def test_the_last_failed_are_run_again(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "tox.ini").write_text("[pytest]\n")
    for name in ("a.txt.j2", "b.c.j2"):
        (pytester.path / name).write_text("no template of a case\n")
    flags = ("--vfork-mode=fork", "--vfork-claim=linux")
    run(str(EXEC), str(CASES / "copies" / "descriptors-are-a-copy.c.j2"), *flags, "--vfork-calls=vfork")
    again = run("--lf", str(CASES / "suspension"), str(CASES / "copies"), *flags, "--vfork-calls=vfork")
    again.assert_outcomes(failed=1)
