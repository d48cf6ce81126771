# SPDX-License-Identifier: MIT
"""What a person reads when an item fails: what broke, expected, seen, the events, the C, how to run it again."""

from __future__ import annotations

from collections.abc import Sequence

from ..model import Event, Outcome
from ..model.result import Result

_EVENTS_SHOWN = 40
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
    fields = [
        ("promise", result.spec),
        ("must", result.must),
        ("broke", verdict.why),
        ("expected", verdict.expected),
        ("seen", verdict.seen),
    ]
    lines += [f"  {label + ':':<10}{text}" for label, text in fields if text]
    seen = result.seen
    if seen:
        if seen.events:
            lines += ["", "  events, in the order of happening:", *(f"    {event}" for event in _around(seen.events))]
        if seen.where:
            lines += ["", "  where everyone was when the deadline passed:", *(f"    {thread}" for thread in seen.where)]
        if seen.spawns:
            lines += ["", "  spawns that the program asked for:"]
            lines += [
                f"    {s.word} pid={s.pid} child={s.child} flags={s.flags:#x} {s.exe}"
                for s in seen.spawns[:_EVENTS_SHOWN]
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


def _around(events: Sequence[Event]) -> list[str]:
    if len(events) <= _EVENTS_SHOWN:
        return [str(event) for event in events]
    half = _EVENTS_SHOWN // 2
    return [*map(str, events[:half]), f"... {len(events) - 2 * half} more ...", *map(str, events[-half:])]
