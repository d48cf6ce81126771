# SPDX-License-Identifier: MIT
"""One deviation as a bug report: for somebody who knows the interposer, and has never heard of this suite."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from ..model import Outcome, describe_status
from ..model.names import sentence
from ..templates.spec import read_spec
from . import WHERE, Item, Record, suite
from .drawing import draw
from .linux import shipped, timeline_of
from .summary import plain

LINES_MOST = 120
_WIDE = 96
_BUILD = re.compile(r"Build: (?P<command>.+)")


def describe(record: Record, item: Item) -> str:
    """Return the report, in Markdown: at most 120 lines, and then the program."""
    program = suite.source(record, item)
    lines = [line for part in (_title, _expected, _seen, _again, _where) for line in part(record, item)]
    if len(lines) > LINES_MOST - 4:
        lines = [*lines[: LINES_MOST - 5], "(cut)"]
    if not program:
        told = f"The program is that of {item.name} in pytest-vfork {record.run.get('pytest_vfork', '')}."
        return "\n".join([*lines, "", told]) + "\n"
    name = "case.c" if item.call else "the program"
    return "\n".join([*lines, "", f"## {name}", "", "~~~" + ("c" if item.call else ""), program.rstrip(), "~~~"]) + "\n"


def _title(record: Record, item: Item) -> Iterator[str]:
    what = sentence(item.id)
    yield f"# Under {record.label} this does not hold: {what[0].lower() + what[1:]} ({_call(item)})"
    yield ""
    how = f"makes its child by {_call(item)}" if item.call else "is a real one, of every day"
    yield from _wrap(f"I ran a program that {how}, on Linux and under {record.label}. The two differ.")
    yield ""


def _call(item: Item) -> str:
    calls = {
        "vfork": "vfork(2)", "libc-vfork": "libc's vfork()",
        "clone": "clone(2) with CLONE_VM | CLONE_VFORK",
        "clone-stack": "clone(2) with CLONE_VM | CLONE_VFORK and a new stack",
        "clone3": "clone3(2) with CLONE_VM | CLONE_VFORK",
        "clone3-stack": "clone3(2) with CLONE_VM | CLONE_VFORK and a new stack",
    }  # fmt: skip
    return calls.get(item.call, f"{item.call}()" if item.call else item.id.partition("/")[0])


def _expected(record: Record, item: Item) -> Iterator[str]:
    yield "## Expected"
    yield ""
    try:
        promises = [(promise.source, promise.sentence) for promise in read_spec(item.spec)]
    except ValueError:
        promises = [("", item.spec)]
    for source, words in promises[:6]:
        yield from (f"> {line}" for line in _wrap(f"{source}: {words}" if source else words))
    yield ""
    about = suite.about(record, item.id)
    if about.do:
        yield from _wrap(f"What the program does: {about.do}")
        yield ""
    yield from _wrap(f"What must happen: {item.must}")


def _seen(record: Record, item: Item) -> Iterator[str]:
    yield ""
    yield "## Seen"
    yield ""
    verdict = item.verdict
    if verdict.expected:
        first, _, then = verdict.expected.partition(" < ")
        must = f"`{first}` must come before `{then}`" if then else f"`{verdict.expected}` must hold"
        yield from _wrap(f"{must}; seen: {verdict.seen or verdict.why}.")
    else:
        yield from _wrap(verdict.why)
    if item.outcome is Outcome.XFAIL:
        yield from _wrap(f"This is known ({item.link}): {verdict.why}")
    drawn = timeline_of(record, item)
    if drawn:
        yield ""
        yield from _wrap(
            "The referee is main(); it forks the parent, that makes the child, and the image is what this executes. "
            "Each line is one event, in the order in which they happened (`║`: silent, in the call):"
        )
        yield ""
        yield "~~~"
        lines = draw(drawn)
        yield from (lines if len(lines) <= 45 else [*lines[:44], "   ..."])
        yield "~~~"
    seen = item.seen
    if seen and seen.status is None:
        yield ""
        yield "It did not end; at the deadline its threads were here:"
        yield ""
        yield from (f"    {str(thread)[:110]}" for thread in seen.where[:8])
    elif seen and seen.status:
        yield f"The program ended with {describe_status(seen.status)}."
    kernel, linux = shipped()
    line = linux.get(f"{item.id}:{item.call}" if item.call else item.id)
    if line:
        yield ""
        yield f"On {kernel} alone the same program shows:"
        yield ""
        words = " -> ".join(word.rpartition("|")[2] for word in line.split())
        yield from textwrap.wrap(words, _WIDE, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)[
            :12
        ]


def _again(record: Record, item: Item) -> Iterator[str]:
    yield ""
    yield "## To see it"
    yield ""
    if item.call:
        build = _BUILD.search(suite.source(record, item))
        command = re.sub(r"\S+\.c$", "case.c", build["command"]) if build else "cc -pthread -o case case.c"
        yield "The program is one file, below, and needs nothing but libc:"
        yield ""
        yield f"    {command}"
        yield "    ./case linux.txt && cat linux.txt                 # Linux alone"
        yield f"    {_under(record, './case seen.txt')} ; cat seen.txt"
    yield ""
    yield "Or with the suite that it comes from (`pip install pytest-vfork`):"
    yield ""
    yield f"    {suite.again(record, item.name)}"


def _under(record: Record, command: str) -> str:
    """Return the command line that starts a command under the interposer."""
    run = record.run
    told = run.get("command")
    if isinstance(told, str) and told:
        return told.replace("{argv}", command) if "{argv}" in told else f"{told} {command}"
    flags = [
        f"--vfork-{key} {value}"
        for key in ("interposer", "mode", "fault")
        if (value := run.get(key)) and (key, value) != ("interposer", "shim")
    ]
    return " ".join(["pytest-vfork run", *flags, "--", command])


def _where(record: Record, item: Item) -> Iterator[str]:
    others: dict[str, list[str]] = {}
    for other in record.items.values():
        if other.id == item.id and other.name != item.name and other.call:
            others.setdefault(other.outcome.value, []).append(other.name.partition(":")[2])
    run = record.run
    yield ""
    yield "## Where"
    yield ""
    machine = item.at or f"Linux {', '.join(str(run[key]) for key in WHERE[1:] if run.get(key))}"
    facts = [
        f"{run.get('interposer', '?')} {run.get('interposer_version') or ''}".strip(),
        plain(machine),
        f"pytest-vfork {run.get('pytest_vfork', '?')}",
    ]
    yield ", ".join(filter(None, facts)) + "."
    if others:
        said = "; ".join(f"{outcome}: {', '.join(sorted(calls))}" for outcome, calls in sorted(others.items()))
        yield from _wrap(f"The same case by other calls: {said}.")


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDE, break_long_words=False, break_on_hyphens=False)[:10]
