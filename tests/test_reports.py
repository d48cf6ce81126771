# SPDX-License-Identifier: MIT
"""What is made of records beside the page: comparison, summary, badge, bug report, annotations, timelines as text."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from records import lines, write

from pytest_vfork.commands.cli import main
from pytest_vfork.model import Event, Level, Outcome, Verdict
from pytest_vfork.model.result import Result
from pytest_vfork.records import linux
from pytest_vfork.records.bug import LINES_MOST
from pytest_vfork.records.compare import Change, change
from pytest_vfork.records.drawing import draw
from pytest_vfork.records.timeline import ROWS_MOST, timeline
from pytest_vfork.reporters import github
from pytest_vfork.templates import suite

Run = Callable[..., pytest.RunResult]
CASE = "suspension/parent-waits-until-exec"
BROKEN = Verdict(Outcome.FAIL, "", "referee.releases < parent.returned", "parent.returned came first")


@pytest.fixture
def record(tmp_path: Path) -> str:
    return str(write(tmp_path / "a.jsonl"))


def other(path: Path, outcome: str) -> str:
    objects = lines()
    objects[3]["outcome"] = outcome
    return str(write(path / f"{outcome}.jsonl", objects=objects))


@pytest.mark.parametrize(
    ("before", "after", "became"),
    [
        ("pass", "fail", "worse"), ("pass", "broken", "worse"), ("pass", "xfail", "worse"),
        ("xfail", "fail", "worse"),
        ("fail", "pass", "better"), ("fail", "xfail", "better"), ("xfail", "xpass", "better"),
        ("pass", "xpass", "same"),
        ("pass", "unsupported", "lost"), ("pass", None, "lost"), ("fail", None, "lost"), ("unsupported", None, "same"),
        (None, "pass", "gained"), (None, "fail", "worse"), ("unsupported", "fail", "worse"), ("pass", "pass", "same"),
    ],
)  # fmt: skip
def test_what_became_of_an_item(before: str | None, after: str | None, became: str) -> None:
    sides = [Outcome(outcome) if outcome else None for outcome in (before, after)]
    assert change(*sides) is Change(became)


@pytest.mark.parametrize(("outcome", "status"), [("fail", 0), ("pass", 0), ("xfail", 0), ("broken", 1)])
def test_compare_ends_with_1_if_something_is_worse(
    record: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], outcome: str, status: int
) -> None:
    assert main(["compare", record, other(tmp_path, outcome)]) == status
    said = capsys.readouterr().out
    assert said.startswith("A  shim fork: ")
    if outcome != "fail":
        assert f"  {CASE}  fail -> {outcome}  (vfork)" in said


def test_compare_shows_regressions_only_when_asked(
    record: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", record, other(tmp_path, "pass"), "--only", "regressions"]) == 0
    assert CASE not in capsys.readouterr().out
    assert main(["compare", other(tmp_path, "pass"), record, "--only", "regressions", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["counts"] == {"worse": 1, "lost": 0, "better": 0, "gained": 0, "same": 1}
    assert [(one["item"], one["before"], one["after"]) for one in told["changes"]] == [
        (f"{CASE}:vfork", "pass", "fail")
    ]


@pytest.mark.parametrize(
    "command", [["compare", "{}", "none"], ["report", "none"], ["badge", "none"], ["report-bug", "x", "--from", "none"]]
)
def test_a_record_that_is_not_there_is_an_error_of_use(
    record: str, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main([part.format(record) for part in command]) == 2
    assert "none: No such file or directory" in capsys.readouterr().err


def test_report_writes_the_page_and_says_what_is_not_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "cut.jsonl", objects=lines()[:-1])
    page, summary = tmp_path / "out.html", tmp_path / "out.md"
    assert main(["report", str(path), "-o", str(page), "--markdown", str(summary)]) == 0
    said = capsys.readouterr()
    assert f"{path} is not whole: it has no end" in said.err
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert "**No level: the record was cut off after 2 items**" in summary.read_text("utf-8")


def test_a_summary_shows_hostile_text_as_it_stands(tmp_path: Path) -> None:
    objects = lines()
    evil = "<script>x</script> | `a` @everybody [link](javascript:x) \n# heading"
    objects[3] |= {"expected": evil, "seen": evil}
    objects[5] |= {"outcome": "xfail", "why": evil}
    summary = tmp_path / "out.md"
    main(["report", str(write(tmp_path / "evil.jsonl", objects=objects)), "--markdown", str(summary)])
    text = summary.read_text("utf-8")
    prose = [line for line in text.splitlines() if line.startswith("- ")]
    assert len(prose) == 1
    assert not set("<@") & set(prose[0].partition(" (`")[0].replace("&lt;", "").replace("&#64;", ""))
    row = next(line for line in text.splitlines() if line.startswith(f"| `{CASE}`"))
    assert row.replace("\\|", "").count("|") == 5
    assert row.count("`") == 6


def test_a_bug_report_shows_a_hostile_machine_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    objects = lines()
    objects[0] |= {"kernel": "<img src=x>\n# heading @everybody"}
    assert main(["report-bug", CASE, "--from", str(write(tmp_path / "evil.jsonl", objects=objects))]) == 0
    where = capsys.readouterr().out.partition("## Where")[2]
    assert "&lt;img" in where
    assert not [evil for evil in ("<img", "@everybody", "\n# heading") if evil in where]


@pytest.mark.parametrize(("cut", "message", "colour"), [(7, "no level", "#66707c"), (0, "none", "#b3261e")])
def test_a_badge(tmp_path: Path, capsys: pytest.CaptureFixture[str], cut: int, message: str, colour: str) -> None:
    objects = lines() if not cut else lines()[: cut - 1]
    if not cut:
        objects[-1] |= {"complete": True, "why": ""}
    path = str(write(tmp_path / "run.jsonl", objects=objects))
    assert main(["badge", path, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"schemaVersion": 1, "label": "vfork", "message": message, "color": colour}
    assert main(["badge", path]) == 0
    drawn = ElementTree.fromstring(capsys.readouterr().out)
    assert drawn.attrib["aria-label"] == f"vfork: {message}"


def test_a_bug_report_says_all_that_a_foreign_maintainer_needs(record: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report-bug", CASE, "--from", record]) == 0
    text = capsys.readouterr().out
    title, *rest = text.splitlines()
    assert title == "# Under shim fork this does not hold: parent waits until exec (vfork(2))"
    for said in (
        '> vfork(2): "it waits"',
        "It waits.",
        "## Seen",
        "pytest-vfork run --vfork-mode fork -- ./case",
        "glibc 2.36",
    ):
        assert said in text
    assert len(text.partition("## case.c")[0].splitlines()) <= LINES_MOST
    assert all(len(line) <= 100 for line in rest if not line.startswith(("    pytest ", "    cc ")))


def test_a_bug_report_of_what_does_not_deviate_is_refused(record: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report-bug", "a/b", "--from", record]) == 1
    assert "a/b does not deviate" in capsys.readouterr().err
    assert main(["report-bug", "parent-waits", "--from", record]) == 2
    assert f"did you mean {CASE}?" in capsys.readouterr().err


def result(name: str, outcome: Outcome, level: Level = Level.SUSPENDS) -> Result:
    return Result(
        name, "vfork", level, "spec", "It must,\nit must: 100 %.", "", None, Verdict(outcome, "why", "e", "s")
    )


def test_annotations_are_escaped_and_few() -> None:
    told = github.tell([result("a/b", Outcome.FAIL), result("c/d", Outcome.FAIL, Level.LINUX)], Level.SHARES)
    assert told == [
        "::error title=a/b%3Avfork::It must,%0Ait must: 100 %25.%0Awhy%0Aexpected: e%0Aseen: s",
    ]
    many = github.tell([result(f"a/{n:02}", Outcome.BROKEN) for n in range(15)], Level.LINUX)
    assert len(many) == github.MOST
    assert many[-1] == "::error title=vfork::6 cases more failed"


def test_github_is_told_where_it_runs_the_job(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = pytester.path / "step.md"
    step.write_text("what an earlier step said\n")
    arguments = ("--pyargs", "pytest_vfork.conformance", "-k", f"[{CASE}:clone3]", "--vfork-mode=fork")
    quiet = run(*arguments, "--vfork-claim=linux")
    assert "::error" not in quiet.stdout.str()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    told = run(
        *arguments, "--vfork-claim=linux", "--vfork-html=out/run.html", "--vfork-markdown=run.md", "--junitxml=j.xml"
    )
    told.stdout.fnmatch_lines([f"::error title={CASE}%3Aclone3::The parent has not returned*"])
    assert step.read_text().startswith("what an earlier step said\n## vfork conformance: shim fork\n")
    assert "No level: 1 of " in (pytester.path / "run.md").read_text()
    assert (pytester.path / "out" / "run.html").stat().st_size < 200_000
    properties = {
        one.attrib["name"]: one.attrib["value"] for one in ElementTree.parse(pytester.path / "j.xml").iter("property")
    }
    assert properties | {"outcome": "fail", "level": "suspends", "seen": "parent.returned came first"} == properties


def events(*told: tuple[str, int, int]) -> list[Event]:
    return [Event(seq, name, tid, tid, value) for seq, (name, tid, value) in enumerate(told)]


DEVIATING = events(
    ("parent.returned", 20, 30), ("referee.saw-life", 10, 20), ("referee.releases", 10, 0), ("image.started", 30, 0),
    ("parent.ended", 10, 0),
)  # fmt: skip
FAITHFUL = events(
    ("referee.saw-silence", 10, 20), ("referee.releases", 10, 0), ("parent.returned", 20, 30), ("image.started", 30, 0),
    ("parent.ended", 10, 0),
)  # fmt: skip


def test_a_timeline_draws_the_order_that_broke_against_time() -> None:
    assert draw(timeline(DEVIATING, BROKEN)) == [
        "    referee    parent    image",
        "       10        20        30",
        "╭─▶    │         ◉                parent.returned  image  <- too early",
        "│      ●         │                referee.saw-life  parent",
        "╰──    ▼         │                referee.releases  <- must come first",
        "       │         │         ▶      image.started",
        "       │         ■         │      parent.ended  exited(0)",
    ]


def test_a_timeline_shades_what_a_parent_spends_in_the_call() -> None:
    assert draw(timeline(FAITHFUL), is_ascii=True) == [
        "    referee    parent    image",
        "       10        20        30",
        "       o         #                referee.saw-silence  parent",
        "       v         #                referee.releases",
        "       |         @                parent.returned  image",
        "       |         |         >      image.started",
        "       |         x         |      parent.ended  exited(0)",
    ]


def test_a_timeline_of_many_tasks_and_events_stays_within_its_bounds() -> None:
    many = events(*((f"thread.reads-{n}-{'x' * 90}", 100 + n % 40, n) for n in range(500)))
    drawn = timeline(many)
    assert (len(drawn.rows), drawn.left_out, len(drawn.lanes)) == (ROWS_MOST, 500 - ROWS_MOST, 7)
    assert drawn.lanes[-1].label == "34 others"
    assert max(map(len, draw(drawn))) <= 78


@pytest.mark.parametrize("count", [0, 1])
def test_a_timeline_of_little_is_drawn(count: int) -> None:
    assert draw(timeline(DEVIATING[:count]))


def test_what_linux_shows_is_of_cases_that_are_there() -> None:
    kernel, shown = linux.shipped()
    assert kernel.startswith("Linux ")
    known = {f"{case.id}:{call}" for case in suite.cases() for call, _ in case.items} | {
        one.id for one in suite.workloads()
    }
    assert set(shown) - known == set()
    assert len(shown) > 800


def test_a_failing_item_reads_well_at_80_columns(run: Run) -> None:
    told = run(
        "--pyargs", "pytest_vfork.conformance", "-k", f"[{CASE}:clone3]", "--vfork-mode=fork", "--vfork-claim=linux"
    )
    begin = next(n for n, line in enumerate(told.outlines) if "DEVIATES FROM LINUX" in line)
    end = next(n for n, line in enumerate(told.outlines) if line.startswith("  source:"))
    assert max(map(len, told.outlines[begin:end])) <= 80


@pytest.mark.parametrize(
    ("options", "shown"),
    [(("--tb=no",), False), (("--tb=line",), False), (("-q",), True), (("-v", "--no-header"), True)],
)
def test_a_failing_item_says_as_much_as_pytest_was_asked_for(run: Run, options: tuple[str, ...], shown: bool) -> None:
    told = run(
        "--pyargs",
        "pytest_vfork.conformance",
        "-k",
        f"[{CASE}:clone3]",
        "--vfork-mode=fork",
        "--vfork-claim=linux",
        *options,
    )
    assert ("what happened, in order" in told.stdout.str()) is shown
    assert "\x1b[" not in told.stdout.str()


def test_a_timeline_of_linux_is_read_as_it_was_drawn() -> None:
    drawn = timeline(FAITHFUL)
    again = linux.read(linux.write(drawn))
    assert [lane.label for lane in again.lanes] == [lane.label for lane in drawn.lanes]
    assert [(row.name, row.lane, row.means, row.mark) for row in again.rows] == [
        (row.name, row.lane, row.means, row.mark) for row in drawn.rows
    ]
    assert again.spans == drawn.spans


def test_every_timeline_of_linux_can_be_drawn() -> None:
    for line in set(linux.shipped()[1].values()):
        drawn = linux.read(line)
        assert len(drawn.rows) == len(line.split())
        assert draw(drawn)


def test_programs_that_failed_are_in_the_record_up_to_a_mebibyte(tmp_path: Path) -> None:
    from pytest_vfork.reporters.record import SOURCES_MOST, Record

    source = tmp_path / "case.c"
    source.write_text("x" * (SOURCES_MOST // 10))
    record = Record({"record": "run.jsonl"}, tmp_path)
    record.begin({})
    results = [replace(result(f"a/{n}", Outcome.FAIL), source=str(source)) for n in range(20)]
    for one in [replace(results[0], id="a/passed", verdict=Verdict(Outcome.PASS, "")), *results]:
        record.add(one)
    record.end(results, lambda line: None)
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert (kinds.count("case"), kinds.count("source")) == (21, 10)


@pytest.mark.parametrize("command", [("badge",), ("report-bug", "suspension/parent-waits-until-exec", "--from")])
def test_what_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    record = write(tmp_path / "a.jsonl")
    assert main([*command, str(record), "-o", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"pytest-vfork: {command[0]}: {tmp_path}: Is a directory\n"


def test_a_page_is_not_written_over_its_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = write(tmp_path / "a.jsonl")
    before = record.read_bytes()
    assert main(["report", str(record), "-o", str(record)]) == 2
    assert "is one of the records" in capsys.readouterr().err
    assert record.read_bytes() == before


@pytest.mark.parametrize(("to", "status"), [("/dev/full", 2), (None, 141)])
def test_a_terminal_that_takes_nothing_makes_no_traceback(tmp_path: Path, to: str | None, status: int) -> None:
    record = str(write(tmp_path / "a.jsonl"))
    reading, writing = os.pipe()
    os.close(reading)
    with open(to, "wb") if to else os.fdopen(writing, "wb") as output:
        command = [sys.executable, "-c", "import sys; from pytest_vfork.commands.cli import main; sys.exit(main())"]
        done = subprocess.run(
            [*command, "compare", record, record, "--json"], stdout=output, stderr=subprocess.PIPE, text=True,
            timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr


def test_a_terminal_without_unicode_gets_the_report(tmp_path: Path) -> None:
    record = str(write(tmp_path / "a.jsonl"))
    command = [sys.executable, "-c", "import sys; from pytest_vfork.commands.cli import main; sys.exit(main())"]
    done = subprocess.run(
        [*command, "report-bug", "suspension/parent-waits-until-exec", "--from", record],
        capture_output=True, timeout=60, check=False, env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


COLOURS = ("NO_COLOR", "FORCE_COLOR", "PY_COLORS", "TERM", "CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def shown(*arguments: str, at_terminal: bool, **environment: str) -> str:
    """Return what a run that fails writes to a terminal, or to a pipe."""
    plain = {name: value for name, value in os.environ.items() if name not in COLOURS}
    words = ["-q", "-p", "no:cacheprovider", "--pyargs", "pytest_vfork.conformance", "-k", f"[{CASE}:vfork]"]
    command = [sys.executable, "-m", "pytest", *words, "--vfork-mode=fork", "--vfork-claim=linux", *arguments]
    ours, theirs = pty.openpty() if at_terminal else os.pipe()
    told = b""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env={**plain, "TERM": "xterm", **environment}
    ) as process:
        os.close(theirs)
        with suppress(OSError), open(ours, "rb", buffering=0) as file:  # a terminal ends with EIO
            while part := file.read(1 << 16):
                told += part
    assert process.returncode == pytest.ExitCode.TESTS_FAILED
    return told.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("arguments", "at_terminal", "environment", "has_colours"),
    [
        ((), True, {}, True),
        ((), False, {"FORCE_COLOR": "1"}, True),
        (("--color=yes",), False, {"NO_COLOR": "1"}, True),
        ((), False, {}, False),
        ((), True, {"NO_COLOR": "1"}, False),
        ((), True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (("--color=no",), True, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_are_shown_where_they_are_wanted_and_say_nothing_more(
    arguments: tuple[str, ...], at_terminal: bool, environment: dict[str, str], has_colours: bool
) -> None:
    """As https://no-color.org and pytest's --color have it."""
    text = shown(*arguments, at_terminal=at_terminal, **environment)
    assert ("\x1b" in text) == has_colours
    told = ESCAPE.sub("", text).splitlines()
    assert "\x1b" not in "".join(told)
    for beginning in ("  promise:", "  expected: referee.releases < parent.returned", "no level: 1 of "):
        assert sum(line.startswith(beginning) for line in told) == 1, text
