# SPDX-License-Identifier: MIT
"""The reader of records: whole, cut off at any byte, damaged, hostile; and what is honest to say of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from records import EVENTS, lines, write

from pytest_vfork import __version__
from pytest_vfork.model import Level, Outcome
from pytest_vfork.records.level import standing, suite_size
from pytest_vfork.records.read import LINE_MOST, RecordError, read_record
from pytest_vfork.records.suite import again, source

Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return lambda *arguments, **keys: write(tmp_path / "run.jsonl", *arguments, **keys)


def test_a_whole_record_is_read_whole(written: Written) -> None:
    record = read_record(written())
    assert record.problems == ()
    assert [item.name for item in record.items.values()] == ["suspension/parent-waits-until-exec:vfork", "a/b:clone"]
    first = record.items["suspension/parent-waits-until-exec:vfork"]
    assert (first.level, first.outcome, first.verdict.expected) == (Level.SUSPENDS, Outcome.FAIL, "a.b < c.d")
    assert first.seen is not None
    assert [event.name for event in first.seen.events] == [name for name, *_ in EVENTS]


def test_a_record_cut_off_at_any_byte_is_read_and_has_no_level(written: Written) -> None:
    whole = written().read_bytes()
    end = whole.rindex(b'{"kind": "ladder"')
    for cut in range(1, len(whole), 61):
        path = written(raw=whole[:cut])
        try:
            record = read_record(path)
        except RecordError as error:
            assert cut < len(whole.splitlines()[0])  # not even the header
            assert "not a record" in str(error)
            continue
        if cut < len(whole) - 2:
            assert record.problems
            assert standing(record).why_none
        if cut < end:
            assert standing(record).sentence.startswith("no level: the record was cut off after ")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "not a record"),
        (b"\0\1\2\xff\xfe binary", "not a record"),
        (b'{"kind": "something"}\n', "not a record"),
        (b"[" * 100_000 + b"\n", "not a record"),
    ],
)
def test_what_is_no_record_is_refused(written: Written, raw: bytes, says: str) -> None:
    with pytest.raises(RecordError, match=says):
        read_record(written(raw=raw))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="No such file"):
        read_record(tmp_path / "none.jsonl")


HOSTILE: tuple[Any, ...] = (
    None, True, -1, 1e308, float("inf"), float("nan"), 10**30, "", "x" * 100_000, "\0\ud800\u202e</script><!--", [],
    [[]], {}, {"a": {}}, [None, 1, "x", {}], "=cmd|' /C calc'!A0",
)  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=[f"{number}" for number in range(len(HOSTILE))])
def test_any_value_in_any_field_is_read_or_passed_over(written: Written, value: object) -> None:
    from pytest_vfork.records.summary import summarise
    from pytest_vfork.reporters._page import render

    good = lines()
    for number, line in enumerate(good):
        for key in line:
            if key == "kind":
                continue
            bad = [dict(other) for other in good]
            bad[number][key] = value
            try:
                record = read_record(written(objects=bad))
            except RecordError:
                continue
            summarise(record)
            json.dumps([item.name for item in record.items.values()]).encode()
    for key in ("events", "status", "stdout", "where", "left_behind", "spawns", "elapsed_s", "stderr"):
        bad = [dict(line) for line in good]
        bad[2]["seen"] = {**bad[2]["seen"], key: value}
        render([read_record(written(objects=bad))]).encode()


def test_what_is_out_of_bounds_is_passed_over_and_told(written: Written) -> None:
    long = b'{"kind": "case", "id": "' + b"x" * LINE_MOST + b'"}\n'
    whole = written().read_bytes().splitlines(keepends=True)
    record = read_record(written(raw=whole[0] + long + b"not json\n" + b"[1]\n" + b"".join(whole[1:])))
    assert record.problems == (
        "1 line was passed over: not JSON",
        "1 line was passed over: not an object",
        "1 line was passed over: too long",
    )
    assert len(record.items) == 2
    assert standing(record).why_none == "the record is damaged"


def test_a_record_of_a_later_schema_says_so(written: Written) -> None:
    objects = lines()
    objects[0]["schema"] = 99
    assert "its schema is 99" in read_record(written(objects=objects)).problems[0]


def test_a_run_of_a_part_of_the_suite_has_no_level(written: Written) -> None:
    objects = lines()
    objects[0]["pytest_vfork"] = __version__
    record = read_record(written(objects=objects))
    assert standing(record).why_none == f"2 of {suite_size(record)} items ran"
    objects[-1] |= {"complete": False, "why": "it was interrupted"}
    assert standing(read_record(written(objects=objects))).sentence == "no level: it was interrupted"


@pytest.mark.parametrize(
    ("outcomes", "sentence"),
    [
        ("pass pass pass pass", "linux"),
        ("pass pass pass xfail", "linux, but for 1 known deviation"),
        ("pass pass fail pass", "suspends"),
        ("pass broken pass pass", "posix"),
        ("fail pass pass pass", "none"),
        ("pass unsupported pass pass", "posix"),
    ],
)
def test_the_level_of_a_whole_record(written: Written, outcomes: str, sentence: str) -> None:
    objects = [line for line in lines() if line["kind"] in ("run", "ladder")]
    for level, outcome in zip(Level, outcomes.split(), strict=True):
        facts = {"kind": "case", "id": f"a/{level.word}", "call": "vfork", "variant": "", "level": level.word}
        objects[-1:-1] = [facts, {**facts, "kind": "verdict", "outcome": outcome, "why": "why"}]
    assert standing(read_record(written(objects=objects))).sentence == sentence


def test_a_file_is_read_for_its_source_only_if_it_is_the_one_that_ran(written: Written, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not for everybody")
    objects = lines()
    objects[4]["source"] = str(secret)
    record = read_record(written(objects=objects))
    assert source(record, record.items["a/b:clone"]) == ""


def test_a_program_is_rendered_anew_only_if_it_is_the_one_that_ran(written: Written) -> None:
    objects = lines()
    objects[0]["pytest_vfork"] = __version__
    record = read_record(written(objects=objects))
    item = record.items["suspension/parent-waits-until-exec:vfork"]
    assert "suspension/parent-waits-until-exec, made by vfork" in source(record, item)
    objects[2]["digest"] = "0" * 16
    record = read_record(written(objects=objects))
    assert source(record, record.items[item.name]) == ""


def test_the_command_that_runs_an_item_again_is_quoted(written: Written) -> None:
    record = read_record(written())
    name = "suspension/x:vfork'; rm -rf /"
    assert again(record, name).startswith("pytest --vfork-mode=fork --pyargs pytest_vfork.conformance -k ")
    assert "'\"'\"'" in again(record, name)


def test_lines_that_were_lost_in_between_are_missed(written: Written) -> None:
    whole = lines()
    record = read_record(written(objects=[line for line in written_lines(whole) if line.get("id") != "a/b"]))
    assert record.problems == ("its end counts other results than its lines tell",)
    assert standing(record).why_none == "the record is damaged"


def test_a_verdict_without_facts_has_no_level(written: Written) -> None:
    record = read_record(written(objects=[line for line in lines() if line["kind"] != "case"]))
    assert record.problems == ("verdicts without facts, so that their level is not known: 2",)
    assert standing(record).why_none == "the record is damaged"


def test_a_record_of_another_version_that_does_not_say_whether_it_is_whole_has_no_level(written: Written) -> None:
    objects = lines()
    del objects[-1]["complete"]
    assert standing(read_record(written(objects=objects))).why_none == (
        "the record does not say whether the run was whole"
    )


def test_bytes_that_are_not_utf_8_are_passed_over_and_told(written: Written) -> None:
    raw = written().read_bytes().replace(b"It waits", b"It w\xe4its", 1)
    assert "1 line was passed over: not UTF-8" in read_record(written(raw=raw)).problems


def test_nothing_in_a_record_steers_a_terminal(written: Written) -> None:
    objects = lines()
    objects[2]["must"] = "red \x1b[31m \x00 \u202e"
    for line in objects[2:4]:
        line["id"] = "a/\x1b]0;\x07\nb"
    record = read_record(written(objects=objects))
    item = next(iter(record.items.values()))
    assert item.must == "red \\x1b[31m \\x00 \\u202e"
    assert item.id == "a/\\x1b]0;\\x07\\nb"


def written_lines(objects: list[dict[str, object]]) -> list[dict[str, object]]:
    """The lines with an end that counts them all."""
    outcomes = [line["outcome"] for line in objects if line["kind"] == "verdict"]
    return [*objects[:-1], {**objects[-1], "outcomes": {outcome: outcomes.count(outcome) for outcome in outcomes}}]
