# SPDX-License-Identifier: MIT
"""The census: which programs made processes, by which call, and whether they need vfork. Pure: from spawns to text."""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from . import CALLS, CALLS_OF_LIBC, Refusal, Spawn

SCHEMA = 1
# Every word that Spawn.word may give: those of the vfork family are CALLS but for the ones that libc makes of others.
FAMILY = tuple(call for call in CALLS if call not in ("libc-vfork", *CALLS_OF_LIBC))
WORDS = (*FAMILY, "fork", "thread")
# linux/sched.h
_FLAGS = {
    "NEWTIME": 0x80, "VM": 0x100, "FS": 0x200, "FILES": 0x400, "SIGHAND": 0x800, "PIDFD": 0x1000, "PTRACE": 0x2000,
    "VFORK": 0x4000, "PARENT": 0x8000, "THREAD": 0x10000, "NEWNS": 0x20000, "SYSVSEM": 0x40000, "SETTLS": 0x80000,
    "PARENT_SETTID": 0x100000, "CHILD_CLEARTID": 0x200000, "DETACHED": 0x400000, "UNTRACED": 0x800000,
    "CHILD_SETTID": 0x1000000, "NEWCGROUP": 0x2000000, "NEWUTS": 0x4000000, "NEWIPC": 0x8000000,
    "NEWUSER": 0x10000000, "NEWPID": 0x20000000, "NEWNET": 0x40000000, "IO": 0x80000000,
    "CLEAR_SIGHAND": 0x100000000, "INTO_CGROUP": 0x200000000,
}  # fmt: skip
_EXIT_SIGNAL = 0x7F  # CSIGNAL, but for CLONE_NEWTIME
_PATTERN = re.compile(r"(?:(?P<program>\S+) )?(?P<calls>[\w|-]+)(?: with (?P<flags>[A-Z_+]+))?")


@dataclass(frozen=True)
class Row:
    """What one program did in one way: `count` calls, of which the kernel refused `failed`."""

    exe: str
    call: str
    flags: tuple[str, ...]
    exit_signal: int
    stack: bool
    count: int
    failed: int

    @property
    def program(self) -> str:
        """The name of the executable, without its folder."""
        return PurePath(self.exe).name

    @property
    def needs_vfork(self) -> bool:
        """Whether memory is shared and the parent suspended, which a plain fork does not give."""
        return {"VM", "VFORK"} <= set(self.flags)


def tally(spawns: Sequence[Spawn]) -> tuple[Row, ...]:
    """Count the spawns by program, call, flags and stack, in the order of programs and calls."""

    def kind(spawn: Spawn) -> tuple[str, str, tuple[str, ...], int, bool]:
        return spawn.exe, spawn.word, tuple(spell(spawn.flags)), spawn.flags & _EXIT_SIGNAL, spawn.stack != 0

    counts = Counter(map(kind, spawns))
    failed = Counter(kind(spawn) for spawn in spawns if spawn.child < 0)
    return tuple(
        Row(*what, count, failed[what]) for what, count in sorted(counts.items(), key=lambda item: (item[0][:3], item))
    )


def spell(flags: int) -> Iterator[str]:
    """Yield the names of clone's flags (linux/sched.h), without CLONE_; what has no name as a number."""
    for name, bit in _FLAGS.items():
        if flags & bit:
            yield name
    unknown = flags & ~_EXIT_SIGNAL & ~sum(_FLAGS.values())
    if unknown:
        yield f"{unknown:#x}"


@dataclass(frozen=True)
class Pattern:
    """A way of making processes: `[PROGRAM ]CALL[|CALL...][ with FLAG+FLAG]`.

    Without a program any will do. `family` stands for every call of the vfork family.
    """

    text: str
    program: str | None
    calls: frozenset[str]
    flags: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern; raise ValueError with what is wrong."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r}: want '[PROGRAM ]CALL[|CALL][ with FLAG+FLAG]'")
        calls, flags = match["calls"].split("|"), (match["flags"] or "").split("+")
        unknown = [call for call in calls if call not in (*WORDS, "family")]
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: want some of {', '.join(WORDS)}, family")
        unknown = [flag for flag in flags if flag and flag not in _FLAGS]
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: no flag of clone(2)")
        expanded = {word for call in calls for word in (FAMILY if call == "family" else (call,))}
        return cls(text, match["program"], frozenset(expanded), frozenset(filter(None, flags)))

    def count(self, rows: Sequence[Row]) -> int:
        """Say how many calls fit."""
        return sum(
            row.count
            for row in rows
            if row.call in self.calls and self.flags <= set(row.flags) and self.program in (None, row.program)
        )


@dataclass(frozen=True)
class Wanted:
    """What a census must show: a pattern, and how often it may be seen."""

    text: str
    pattern: Pattern
    least: int
    most: int | None

    @classmethod
    def parse(cls, text: str) -> Wanted:
        """Read `PATTERN`, `PATTERN >= N`, `PATTERN == N`, `PATTERN <= N` or `never PATTERN`; raise ValueError."""
        match = re.fullmatch(
            r"(?P<never>never )?(?P<pattern>.+?)(?: (?P<relation>>=|==|<=) (?P<number>\d+))?", text.strip()
        )
        if match is None or (match["never"] and match["relation"]):
            raise ValueError(f"{text!r}: want 'PATTERN >= 1' (or ==, <=) or 'never PATTERN'")
        pattern, number = Pattern.parse(match["pattern"]), int(match["number"] or 1)
        if match["never"]:
            return cls(text, pattern, 0, 0)
        bounds = {">=": (number, None), "==": (number, number), "<=": (0, number)}
        return cls(text, pattern, *bounds[match["relation"] or ">="])

    def complain(self, rows: Sequence[Row]) -> str:
        """Say how it is instead; empty if it is so."""
        seen = self.pattern.count(rows)
        is_so = self.least <= seen and (self.most is None or seen <= self.most)
        return "" if is_so else f"{self.text}: seen {seen} times ({summary(rows)})"


def summary(rows: Sequence[Row]) -> str:
    """Return programs, calls and counts in one line."""
    return ", ".join(f"{row.program} {row.call} x {row.count}" for row in rows) or "no spawn at all"


def verdict(rows: Sequence[Row], refused: Sequence[Refusal] = ()) -> str:
    """Answer in a sentence or two: does this application need vfork?"""
    need = [row for row in rows if row.needs_vfork]
    children = sum(row.count for row in rows if row.call != "thread")
    if not need:
        answer = "does not use vfork: " + (
            f"all {children} processes were made by fork, so a plain fork changes nothing."
            if children
            else "it made no process."
        )
        return answer + (" But not all of it ran, see above." if refused else "")
    who = Counter[str]()
    for row in need:
        who[f"{row.program} ({row.call})"] += row.count
    answer = f"uses vfork for {sum(who.values())} of {children} processes: "
    answer += ", ".join(f"{name} x {count}" for name, count in who.items())
    answer += (
        ". Under a plain fork these parents would not wait, and each spawn would copy the page tables of its parent."
    )
    if any(row.stack for row in need):
        answer += (
            " Those with a stack for the child are posix_spawn or its like: with glibc they learn by shared memory"
            " that a program cannot be executed, and would take a missing program for one that ran and exited with 127."
        )
    return answer + (" And not all of it ran, see above." if refused else "")


def table(rows: Sequence[Row]) -> str:
    """Return the rows as aligned columns with a head."""
    cells = [("PROGRAM", "CALL", "FLAGS", "STACK", "COUNT")]
    for row in rows:
        flags = [*row.flags, *([] if row.exit_signal == signal.SIGCHLD else [f"signal {row.exit_signal}"])]
        told = f"{row.count} ({row.failed} failed)" if row.failed else str(row.count)
        given = "given" if row.stack else "shared" if "VM" in row.flags else "-"
        cells.append((row.program, row.call, "|".join(flags) or "-", given, told))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def to_json(rows: Sequence[Row], refused: Sequence[Refusal]) -> Mapping[str, Any]:
    """Return the census as plain dicts, lists, strings and numbers (docs/using.md has the keys)."""
    return {
        "schema": SCHEMA,
        "spawners": [
            {
                "program": row.program, "exe": row.exe, "call": row.call, "flags": list(row.flags),
                "exit_signal": row.exit_signal, "stack": row.stack, "count": row.count, "failed": row.failed,
            }
            for row in rows
        ],
        "refused": [{"exe": refusal.exe, "why": refusal.why} for refusal in refused],
        "uses_vfork": any(row.needs_vfork for row in rows),
        "verdict": verdict(rows, refused),
    }  # fmt: skip
