# SPDX-License-Identifier: MIT
"""What a person reads when an item fails: what broke, expected, seen, the timeline, the C, how to run it again."""

from __future__ import annotations

import locale
import textwrap

from ..model import Outcome
from ..model.result import Result
from ..records import suite
from ..records.drawing import draw
from ..records.linux import shipped
from ..records.timeline import timeline

_SPAWNS_SHOWN = 40
_COLUMNS = 78
_STDERR_SHOWN = 2000


_TITLES = {
    Outcome.BROKEN: "BROKEN (the test did not work; this says nothing about the interposer)",
    Outcome.XPASS: "STALE EXPECTATION",
}
_DEVIATES = "DEVIATES FROM LINUX"


def headline(result: Result) -> str:
    """Return a failure in one line."""
    title = _TITLES.get(result.verdict.outcome, _DEVIATES).partition(" (")[0]
    return f"{title}: {result.verdict.why.partition(chr(10))[0]}"


def explain(result: Result, rerun: str) -> str:
    """Return the text of a failure; `rerun` is the command that runs this item alone."""
    verdict = result.verdict
    lines = [f"{result.name}  {_TITLES.get(verdict.outcome, _DEVIATES)}", ""]
    says_more = verdict.why != f"{verdict.expected} does not hold"
    fields = [
        ("promise", result.spec),
        ("must", result.must),
        ("broke", verdict.why if says_more else ""),
        ("expected", verdict.expected),
        ("seen", verdict.seen),
    ]
    lines += [line for label, text in fields if text for line in _field(label, text)]
    seen = result.seen
    if seen:
        lines += _timeline(result)
        if seen.where:
            lines += ["", "  where everyone was when the deadline passed:", *(f"    {thread}" for thread in seen.where)]
        if seen.spawns:
            lines += ["", "  spawns that the program asked for:"]
            lines += [
                f"    {s.word} pid={s.pid} child={s.child} flags={s.flags:#x} {s.exe}"
                for s in seen.spawns[:_SPAWNS_SHOWN]
            ]
        if seen.stderr.strip():
            lines += [
                "",
                "  it wrote to stderr:",
                *(f"    {line}" for line in seen.stderr[-_STDERR_SHOWN:].strip().splitlines()),
            ]
    lines.append("")
    if result.source:
        lines.append(f"  source:   {result.source}")
    if result.link:
        lines.append(f"  link:     {result.link}")
    lines.append(f"  again:    {rerun}")
    return "\n".join(lines)


def _field(label: str, text: str) -> list[str]:
    first, *rest = text.rstrip().split("\n")  # what a compiler said stays in its lines
    return textwrap.wrap(
        first, _COLUMNS, initial_indent=f"  {label + ':':<10}", subsequent_indent=" " * 12,
        break_long_words=False, break_on_hyphens=False,
    ) + [f"{'':12}{line}" for line in rest]  # fmt: skip


def _timeline(result: Result) -> list[str]:
    """Draw what happened, and name the order of a run on Linux, which the suite ships."""
    if result.seen is None or not result.seen.events:
        return []
    item = suite.known().get(result.id)
    rules = suite.rules(suite.describe(item)) if item else ()
    is_ascii = "utf" not in locale.getpreferredencoding(False).lower()
    drawn = draw(timeline(result.seen.events, result.verdict, rules), is_ascii=is_ascii)
    lines = ["", "  what happened, in order; time runs down:", "", *(f"  {line}" if line else "" for line in drawn)]
    kernel, linux = shipped()
    shown = linux.get(f"{result.id}:{result.call}", "")
    if shown and not result.variant:
        words = ", ".join(word.rpartition("|")[2].replace("=", " ") for word in shown.split())
        lines += ["", *_field("linux", f"{words} ({kernel})")]
    return lines
