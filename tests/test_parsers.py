# SPDX-License-Identifier: MIT
"""The small parsers, given anything: they read what was written out, and refuse the rest with an error of their own."""

from __future__ import annotations

import errno
import signal
from pathlib import Path

import pytest
import yaml

from pytest_vfork.judging.events import parse_events, parse_refusals, parse_spawns
from pytest_vfork.judging.expectations import ExpectationError, read_expectations
from pytest_vfork.model import Case, Event, Refusal, Spawn, Workload
from pytest_vfork.templates import frontmatter
from pytest_vfork.templates.faults import FaultError, read_faults
from pytest_vfork.templates.rules import constant, parse_expect, parse_never, parse_order
from pytest_vfork.templates.spec import read_spec

hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed: pip install hypothesis")
from hypothesis import HealthCheck, example, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

# A machine may be so loaded that nothing is quick; what is tried is the same in every run.
settings.register_profile(
    "ours",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("ours")

WORD = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
NAME = st.builds("{}.{}".format, WORD, WORD)
ERRNO = st.sampled_from(sorted(errno.errorcode.values()))
SIGNAL = st.sampled_from([one.name for one in signal.Signals])
NUMBER = st.integers(0, 2**63)
# What YAML and TOML can hold.
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=12),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=8), some, max_size=3),
    max_leaves=6,
)


# --- rules


@given(NAME, NAME, st.booleans())
def test_an_order_is_read_as_it_was_written(first: str, then: str, by_value: bool) -> None:
    rule = parse_order(f"{first} < {then}" + (" by value" if by_value else ""))
    assert (rule.first, rule.then, rule.by_value) == (first, then, by_value)
    assert rule.events == {first, then}


@given(NAME, st.sampled_from(["value", "pid", "tid"]), st.sampled_from(["==", "!="]), NUMBER)
def test_an_expectation_is_read_as_it_was_written(name: str, field: str, relation: str, number: int) -> None:
    rule = parse_expect(f"{name}.{field} {relation} {number}")
    assert (rule.left.name, rule.left.field, rule.relation, rule.right) == (name, field, relation, number)


@given(ERRNO | SIGNAL)
def test_names_of_errors_and_signals_are_numbers(name: str) -> None:
    number = getattr(errno, name, None) or getattr(signal, name)
    assert (constant(name), constant(f"-{name}")) == (number, -number)


@given(st.text(max_size=40) | st.builds("{} {} {}".format, NAME, st.text(max_size=3), st.text(max_size=20)))
@example("a.b == exited(SIGHUP)")
@example("a.b == -")
@example("a.b == __name__")
@example("a.b == -0x")
def test_any_other_rule_is_refused_with_what_is_wrong(text: str) -> None:
    for parse in (parse_order, parse_expect, parse_never):
        try:
            rule = parse(text)
        except ValueError as error:
            assert str(error)
        else:
            assert rule.events
            assert rule.text.endswith(text)


# --- spec

SENTENCE = st.text(st.characters(whitelist_categories=["L", "N"], whitelist_characters=" ,"), min_size=1, max_size=20)


@given(st.lists(st.tuples(st.sampled_from(["vfork(2)", "clone(2)", "POSIX fork()"]), SENTENCE), min_size=1, max_size=4))
def test_a_spec_is_read_as_it_was_written(promises: list[tuple[str, str]]) -> None:
    text = "; ".join(f'{source}: "{sentence}"' for source, sentence in promises)
    assert [(p.source, p.sentence) for p in read_spec(text)] == [(s, f'"{sentence}"') for s, sentence in promises]


@given(st.text(max_size=60) | st.builds("vfork(2): {}".format, st.text(max_size=40)))
def test_any_other_spec_is_refused_with_what_is_wrong(text: str) -> None:
    try:
        promises = read_spec(text)
    except ValueError as error:
        assert str(error)
    else:
        assert all(promise.source and promise.sentence for promise in promises)


# --- front matter

GOOD_CASE = {
    "id": "area/a-rule", "level": "linux", "spec": 'vfork(2): "waits"', "do": "It does.", "must": "It must.",
    "calls": ["vfork"], "expect": ["a.b == 1"], "fails_under": [],
}  # fmt: skip
GOOD_WORKLOAD = {
    "id": "area/a-rule", "level": "posix", "spec": "s", "do": "d", "must": "m", "stdout": "one\n",
    "seen": {"vfork": 1}, "asserts": ["output"],
}  # fmt: skip
CASE_KEYS = [*GOOD_CASE, "since", "until", "needs", "differs", "variants", "order", "never", "unknown"]
WORKLOAD_KEYS = [*GOOD_WORKLOAD, "never_seen", "needs", "options", "version", "under_fork", "fails_under", "since"]


def read(folder: Path, name: str, text: str) -> Case | Workload | str:
    """Read a template; a string is what it was refused with."""
    path = folder / "area" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8", errors="replace")
    try:
        return frontmatter.read(path)
    except frontmatter.FrontMatterError as error:
        assert str(error).startswith(f"{path}:")
        assert str(error).removeprefix(f"{path}:").partition(":")[0].isdigit()
        return str(error)


@given(st.dictionaries(st.sampled_from(CASE_KEYS), PLAIN, max_size=3))
@example({})
def test_a_case_with_anything_in_its_front_matter_is_read_or_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    block = yaml.safe_dump({**GOOD_CASE, **changes}, sort_keys=False)
    found = read(tmp_path, "a-rule.c.j2", f'/*---\n{block}---*/\nevent("a.b", 1);\n')
    assert isinstance(found, Case) if not changes else isinstance(found, Case | Workload | str)


@given(st.dictionaries(st.sampled_from(WORKLOAD_KEYS), PLAIN, max_size=3))
@example({})
def test_a_workload_with_anything_in_its_front_matter_is_read_or_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    block = yaml.safe_dump({**GOOD_WORKLOAD, **changes}, sort_keys=False)
    lines = "".join(f"# {line}\n" for line in block.splitlines())
    found = read(tmp_path, "a-rule.sh.j2", f"#---\n{lines}#---\nexit 0\n")
    assert isinstance(found, Workload) if not changes else isinstance(found, Workload | str)


@given(st.text(max_size=60))
@example("since: 2024-99-99")
@example("? [a]\n: b")
@example("a: *b")
@example("!!python/object:os.system {}")
def test_any_text_as_front_matter_is_refused(tmp_path: Path, text: str) -> None:
    assert isinstance(read(tmp_path, "a-rule.c.j2", f"/*---\n{text}\n---*/\n"), str)


@given(st.binary(max_size=40))
def test_any_bytes_as_a_template_are_refused(tmp_path: Path, some: bytes) -> None:
    path = tmp_path / "a-rule.c.j2"
    path.write_bytes(some)
    with pytest.raises(frontmatter.FrontMatterError):
        frontmatter.read(path)


# --- expectations


@given(st.text(max_size=60) | st.builds("[[expect]]\n{}".format, st.text(max_size=60)))
@example("expect = 3")
@example('[[expect]]\ncase = "area/*"\noutcome = "fail"\nreason = "r"\nlink = "l"')
@example('[[expect]]\ncase = ["area/*"]\noutcome = ["fail"]\nreason = "r"\nlink = "l"')
@example('[[expect]]\ncase = "area/*"\noutcome = "fail"\nreason = "r"\nlink = "l"\nmodes = [["a"]]')
@example('[[expect]]\ncase = "area/*"\noutcome = "fail"\nreason = "r"\nlink = "l"\nwithout = [["root"]]')
def test_any_expectations_are_read_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text, "utf-8", errors="replace")
    try:
        known = read_expectations(path, ["area/a-rule"])
    except ExpectationError as error:
        assert str(error).startswith(str(path))
    else:
        assert all(expectation.cases and expectation.reason for expectation in known)


# --- the table of faults

ARGUMENT = st.sampled_from(
    ["a_fault", "BOTH", "EMULATE", "SOUND", "UNSOUND", '"memory"', '"It goes."', '"gVisor"', "b->x = 1", "(", ")", '"']
)


@given(st.lists(ARGUMENT, max_size=8), st.text(max_size=10))
def test_any_table_of_faults_is_read_or_refused(tmp_path: Path, arguments: list[str], more: str) -> None:
    path = tmp_path / "faults.def"
    path.write_text(f"FAULT({', '.join(arguments)})\n{more}", "utf-8", errors="replace")
    try:
        found = read_faults(path)
    except FaultError as error:
        assert str(error)
    else:
        assert all(fault.name == name and fault.areas and fault.changes for name, fault in found.items())


# --- events

PID = st.integers(0, 2**22)


@given(st.lists(st.tuples(NAME, PID, PID, st.integers(-(2**63), 2**63)), max_size=5), st.integers(0, 80))
def test_events_are_read_as_they_were_written_and_what_was_cut_is_left_out(
    written: list[tuple[str, int, int, int]], cut: int
) -> None:
    text = "".join(f"{name} {pid} {tid} {value}\n" for name, pid, tid, value in written)
    assert parse_events(text) == tuple(Event(seq, *event) for seq, event in enumerate(written))
    whole = text[:cut].count("\n")
    assert parse_events(text[:cut])[:whole] == parse_events(text)[:whole]


@given(PID, PID, st.integers(-4095, 2**22), st.integers(0, 2**64 - 1), st.text("ab /=", max_size=20))
def test_spawns_are_read_as_they_were_written(pid: int, tid: int, child: int, flags: int, exe: str) -> None:
    line = f"spawn call=clone3 flags={flags:#x} stack=0x0 stack_size=0x0 pid={pid} tid={tid} child={child} exe={exe}\n"
    assert parse_spawns(line) == (Spawn("clone3", flags, 0, pid, tid, child, exe),)


@given(st.text(max_size=80))
def test_any_log_is_read(text: str) -> None:
    assert all(isinstance(event, Event) for event in parse_events(text))
    assert all(isinstance(spawn, Spawn) for spawn in parse_spawns(text))
    assert all(isinstance(refusal, Refusal) for refusal in parse_refusals(text))
