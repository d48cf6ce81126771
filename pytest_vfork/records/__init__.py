# SPDX-License-Identifier: MIT
"""Records as others read them: whole or cut off, ours or a stranger's. All of it has passed `read.read_record`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model import Event, Level, Outcome, Spawn, ThreadState, Verdict, item_name


@dataclass(frozen=True)
class Seen:
    """The facts of one run, bounded; `events_left_out` says how many there were beyond what is kept."""

    events: tuple[Event, ...] = ()
    events_left_out: int = 0
    status: int | None = None
    stdout: str = ""
    stderr: str = ""
    elapsed_s: float = 0.0
    where: tuple[ThreadState, ...] = ()
    left_behind: tuple[str, ...] = ()
    spawns: tuple[Spawn, ...] = ()


@dataclass(frozen=True)
class Item:
    """One case with one call and variant, or one workload (`call` is empty), with its facts and verdict.

    `at` says what it ran on, if that is not what the header of its record names.
    """

    id: str
    call: str
    variant: str
    level: Level
    spec: str
    must: str
    verdict: Verdict
    link: str = ""
    source: str = ""
    digest: str = ""
    seen: Seen | None = None
    at: str = ""

    @property
    def name(self) -> str:
        """Id, call and variant as one word."""
        return item_name(self.id, self.call, self.variant)

    @property
    def outcome(self) -> Outcome:
        """The outcome of the verdict."""
        return self.verdict.outcome

    @property
    def area(self) -> str:
        """What stands before the slash."""
        return self.id.partition("/")[0]


@dataclass(frozen=True)
class About:
    """What is said of a case once, whatever calls it is made by; `rules` as front matter has them."""

    do: str = ""
    rules: tuple[str, ...] = ()
    fails_under: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """One run as its record tells it. `run` is the header, `problems` say what of the file is not whole.

    `complete` is what the writer said of the run itself (None: it does not say), `why` the reason if it was not.
    """

    path: str
    run: Mapping[str, Any]
    items: Mapping[str, Item]
    about: Mapping[str, About] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    complete: bool | None = None
    why: str = ""
    has_end: bool = False

    @property
    def label(self) -> str:
        """What was tested, in a few words: shim emulate, shim fault NAME, command strace."""
        interposer = str(self.run.get("interposer") or "?")
        if interposer == "command" and self.run.get("command"):
            words = str(self.run["command"]).split()
            return words[0].rpartition("/")[2] if words else interposer
        told = " ".join(str(part) for part in (interposer, self.run.get("mode")) if part)
        return f"{told} fault {self.run['fault']}" if self.run.get("fault") else told


WHERE = ("site", "kernel", "libc", "machine")


def is_where(run: Mapping[str, Any], at: Mapping[str, str]) -> bool:
    """Say whether an item ran on what the header of its run names, or does not say where."""
    return not at or all(run.get(key) == at.get(key) for key in WHERE)


def describe_where(at: Mapping[str, Any]) -> str:
    """Return site, kernel, libc and machine as a phrase."""
    return "{}: Linux {}, {}, {}".format(*(at.get(key) or "?" for key in WHERE))
