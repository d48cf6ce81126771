# SPDX-License-Identifier: MIT
"""Reads what programs and the shim wrote: event lines and spawn lines."""

from __future__ import annotations

import re

from ..model import Event, Refusal, Spawn

_EVENT = re.compile(r"(?P<name>.+) (?P<pid>\d{1,10}) (?P<tid>\d{1,10}) (?P<value>-?\d{1,20})", re.ASCII)
_SPAWN = re.compile(
    r"spawn call=(?P<call>\w+) flags=(?P<flags>0x[0-9a-f]{1,16}) stack=(?P<stack>0x[0-9a-f]{1,16})"
    r" stack_size=0x[0-9a-f]+"
    r" pid=(?P<pid>\d{1,10}) tid=(?P<tid>\d{1,10}) child=(?P<child>-?\d{1,20}) exe=(?P<exe>.*)",
    re.ASCII,
)

_REFUSED = re.compile(r"refused exe=(?P<exe>.*) why=(?P<why>.*)")


def parse_events(text: str) -> tuple[Event, ...]:
    """Read event lines, `name pid tid value`; a line cut short by a kill is left out."""
    events: list[Event] = []
    for line in text.splitlines():
        match = _EVENT.fullmatch(line)
        if match:
            events.append(Event(len(events), match["name"], int(match["pid"]), int(match["tid"]), int(match["value"])))
    return tuple(events)


def parse_spawns(text: str) -> tuple[Spawn, ...]:
    """Read the lines of the shim's log (shim.h says what they hold)."""
    matches = (_SPAWN.fullmatch(line) for line in text.splitlines())
    return tuple(
        Spawn(
            m["call"], int(m["flags"], 16), int(m["stack"], 16), int(m["pid"]), int(m["tid"]), int(m["child"]), m["exe"]
        )
        for m in matches
        if m
    )


def parse_refusals(text: str) -> tuple[Refusal, ...]:
    """Read the lines of the shim's log that tell of programs which it would not start."""
    matches = (_REFUSED.fullmatch(line) for line in text.splitlines())
    return tuple(Refusal(m["exe"], m["why"]) for m in matches if m)
