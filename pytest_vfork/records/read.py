# SPDX-License-Identifier: MIT
"""Reads a record that may be cut off, damaged or hostile: bounded in every direction, and says what is not whole."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ..model import Event, Level, Outcome, Spawn, ThreadState, Verdict, item_name
from . import WHERE, About, Item, Record, Seen, describe_where

SCHEMAS = (1, 2)
# A line holds a MiB each of stdout and stderr at most, and JSON writes a byte with six at most.
LINE_MOST = 16 << 20
ITEMS_MOST = 200_000
TEXT_MOST, OUTPUT_MOST, SOURCE_MOST = 4_000, 4_000, 256 << 10
EVENTS_MOST, FEW_MOST = 400, 60
_INT_MOST = 1 << 63
# Control characters but for newline and tab, and those that change the direction of what is written.
_CONTROLS = (*range(9), *range(11, 32), *range(127, 160))
_DIRECTIONS = (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_STEERING = {code: f"\\x{code:02x}" for code in _CONTROLS} | {code: f"\\u{code:04x}" for code in _DIRECTIONS}


class RecordError(ValueError):
    """This is no record at all; the message names the file and says why."""


def read_record(path: Path) -> Record:
    """Read a record; raise RecordError if nothing of it can be used."""
    try:
        with open(path, "rb") as file:
            return _Reader(path).read(file)
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from error


def read_open_record(file: BinaryIO, path: Path) -> Record:
    """Read a record from a file that is open; `path` is what it is called. Raise RecordError."""
    return _Reader(path).read(file)


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._run: Mapping[str, Any] | None = None
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._items: dict[str, Item] = {}
        self._about: dict[str, About] = {}
        self._sources: dict[str, str] = {}
        self._end: Mapping[str, Any] | None = None
        self._odd: Counter[str] = Counter()
        self._without_facts = 0

    def read(self, file: BinaryIO) -> Record:
        takes = {
            "run": self._take_run,
            "case": self._take_facts,
            "workload": self._take_facts,
            "template": self._take_facts,
            "verdict": self._take_verdict,
            "ladder": self._take_ladder,
            "about": self._take_about,
            "source": self._take_source,
        }
        for line in self._lines(file):
            take = takes.get(line["kind"]) if isinstance(line.get("kind"), str) else None
            if take:
                take(line)
        if self._run is None and not self._items:
            raise RecordError(f"{self._path}: not a record: it has neither a header nor a result")
        return Record(
            path=str(self._path),
            run=self._run or {},
            items=self._items,
            about=self._about,
            sources=self._sources,
            problems=tuple(self._problems()),
            complete=_claim(self._end),
            why=_text((self._end or {}).get("why")),
            has_end=self._end is not None,
        )

    def _lines(self, file: BinaryIO) -> Iterator[Mapping[str, Any]]:
        while line := file.readline(LINE_MOST + 1):
            if len(line) > LINE_MOST:
                self._odd["too long"] += 1
                while line and not line.endswith(b"\n"):
                    line = file.readline(LINE_MOST)
                continue
            is_cut = not line.endswith(b"\n")
            if not line.strip():
                continue
            try:
                read = json.loads(line.decode("utf-8"))
            except UnicodeDecodeError:
                self._odd["not UTF-8"] += 1
                continue
            except (ValueError, RecursionError):  # RecursionError: json's parser and a line of brackets
                self._odd["cut off" if is_cut else "not JSON"] += 1
                continue
            if isinstance(read, dict):
                yield read
            else:
                self._odd["not an object"] += 1

    def _take_run(self, line: Mapping[str, Any]) -> None:
        if self._run is None:
            self._run = {_text(key)[:80]: _plain(value) for key, value in line.items() if key != "kind"}
        else:
            self._odd["another header"] += 1

    def _take_facts(self, line: Mapping[str, Any]) -> None:
        name = _name(line)
        if name is None or (name not in self._facts and len(self._facts) >= ITEMS_MOST):
            self._odd["beyond what is read" if name else "without an id"] += 1
        else:
            self._facts[name] = line

    def _take_verdict(self, line: Mapping[str, Any]) -> None:
        name = _name(line)
        facts = self._facts.pop(name, None) if name is not None else None
        outcome = line.get("outcome")
        if name is None or outcome not in [one.value for one in Outcome]:
            self._odd["without an id" if name is None else "of an outcome that is none"] += 1
            return
        if name in self._items:
            self._odd["the same again"] += 1
        elif len(self._items) >= ITEMS_MOST:
            self._odd["beyond what is read"] += 1
            return
        verdict = Verdict(
            Outcome(outcome), _text(line.get("why")), _text(line.get("expected")), _text(line.get("seen"))
        )
        self._without_facts += facts is None
        self._items[name] = _item(line, facts or {}, verdict)

    def _take_ladder(self, line: Mapping[str, Any]) -> None:
        self._end = line

    def _take_about(self, line: Mapping[str, Any]) -> None:
        id = line.get("id")
        if isinstance(id, str) and len(self._about) < ITEMS_MOST:
            texts = {key: tuple(map(_text, _list(line.get(key)))) for key in ("rules", "fails_under")}
            self._about[_word(id)] = About(_text(line.get("do")), **texts)

    def _take_source(self, line: Mapping[str, Any]) -> None:
        name = _name(line)
        if name is not None and isinstance(line.get("text"), str) and len(self._sources) < ITEMS_MOST:
            self._sources[name] = _text(line["text"], SOURCE_MOST)

    def _problems(self) -> Iterator[str]:
        if self._run is None:
            yield "it has no header: what was tested is not told"
        elif self._run.get("schema") not in SCHEMAS:
            known = " and ".join(map(str, SCHEMAS))
            yield f"its schema is {self._run.get('schema')!s:.20}, and this reader knows {known}"
        if self._end is None:
            yield "it has no end: the run was cut off, or still goes on"
        if self._facts:
            some = ", ".join(sorted(self._facts)[:2])
            yield f"facts without a verdict: {len(self._facts)} ({some[:200]})"
        if self._without_facts:
            yield f"verdicts without facts, so that their level is not known: {self._without_facts}"
        yield from self._miscounts()
        for what, number in sorted(self._odd.items()):
            yield f"{number} line{'s' if number > 1 else ''} {'was' if number == 1 else 'were'} passed over: {what}"

    def _miscounts(self) -> Iterator[str]:
        """Hold what the last line counts against what is there: lines may have been lost in between."""
        counted = (self._end or {}).get("outcomes")
        if self._end is not None and not isinstance(counted, dict):
            yield "its end does not count what ran"
        elif isinstance(counted, dict):
            seen = Counter(item.outcome.value for item in self._items.values())
            if {outcome.value: _int(counted.get(outcome.value)) for outcome in Outcome} != {
                outcome.value: seen[outcome.value] for outcome in Outcome
            }:
                yield "its end counts other results than its lines tell"


def _claim(end: Mapping[str, Any] | None) -> bool | None:
    told = (end or {}).get("complete")
    return told if isinstance(told, bool) else None


def _name(line: Mapping[str, Any]) -> str | None:
    id, call, variant = (line.get(key) for key in ("id", "call", "variant"))
    if not isinstance(id, str) or not id:
        return None
    return item_name(_word(id, 400), _word(call, 80), _word(variant, 80))


def _item(line: Mapping[str, Any], facts: Mapping[str, Any], verdict: Verdict) -> Item:
    levels = {level.word: level for level in Level}
    level = facts.get("level")
    return Item(
        id=_word(line.get("id"), 400),
        call=_word(line.get("call"), 80),
        variant=_word(line.get("variant"), 80),
        level=levels[level] if isinstance(level, str) and level in levels else Level.LINUX,
        spec=_text(facts.get("spec")),
        must=_text(facts.get("must")),
        verdict=verdict,
        link=_text(line.get("link"), 1_000),
        source=_text(facts.get("source"), 1_000),
        digest=_text(facts.get("digest"), 80),
        seen=_seen(facts["seen"]) if isinstance(facts.get("seen"), dict) else None,
        at=_at(facts.get("at")),
    )


def _at(plain: object) -> str:
    return describe_where({key: _word(plain.get(key), 80) for key in WHERE}) if isinstance(plain, dict) else ""


def _seen(plain: Mapping[str, Any]) -> Seen:
    events = [event for n, told in enumerate(_list(plain.get("events"))) if (event := _event(n, told))]
    half = EVENTS_MOST // 2
    kept = events if len(events) <= EVENTS_MOST else events[:half] + events[-half:]
    status, elapsed = plain.get("status"), plain.get("elapsed_s")
    where = [thread for thread in _list(plain.get("where")) if isinstance(thread, dict)][:FEW_MOST]
    spawns = [spawn for spawn in _list(plain.get("spawns")) if isinstance(spawn, dict)][:FEW_MOST]
    return Seen(
        events=tuple(kept),
        events_left_out=len(events) - len(kept),
        status=None if status is None else _int(status),
        stdout=_text(plain.get("stdout"), OUTPUT_MOST),
        stderr=_text(plain.get("stderr"), OUTPUT_MOST),
        elapsed_s=float(elapsed) if isinstance(elapsed, int | float) and math.isfinite(elapsed) else 0.0,
        where=tuple(map(_thread, where)),
        left_behind=tuple(_text(text, 200) for text in _list(plain.get("left_behind"))[:FEW_MOST]),
        spawns=tuple(map(_spawn, spawns)),
    )


def _thread(plain: Mapping[str, Any]) -> ThreadState:
    comm, state, wchan, syscall, shares = (
        _text(plain.get(key), 200) for key in ("comm", "state", "wchan", "syscall", "shares")
    )
    return ThreadState(_int(plain.get("pid")), _int(plain.get("tid")), comm, state, wchan, syscall, shares)


def _spawn(plain: Mapping[str, Any]) -> Spawn:
    flags, stack, pid, tid, child = (_int(plain.get(key)) for key in ("flags", "stack", "pid", "tid", "child"))
    return Spawn(_text(plain.get("call"), 40), flags, stack, pid, tid, child, _text(plain.get("exe"), 400))


def _event(number: int, plain: object) -> Event | None:
    """Read an event, written as an object (schema 1) or as a list (schema 2)."""
    if isinstance(plain, dict):
        plain = [plain.get(key) for key in ("name", "pid", "tid", "value")]
    if not isinstance(plain, list) or len(plain) < 4 or not isinstance(plain[0], str):
        return None
    return Event(number, _word(plain[0], 200), *map(_int, plain[1:4]))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _int(value: object) -> int:
    is_number = isinstance(value, int | float) and math.isfinite(value) if not isinstance(value, int) else True
    return int(value) if is_number and -_INT_MOST <= value < _INT_MOST else 0  # type: ignore[operator, call-overload]


def _text(value: object, most: int = TEXT_MOST) -> str:
    """Return a string that can be written as UTF-8, of bounded length; what is no string is none."""
    if not isinstance(value, str):
        return ""
    if len(value) > most:
        value = f"{value[:most]} [... {len(value) - most} characters more]"
    # half a surrogate pair cannot be written, and what steers a terminal must not
    return value.encode("utf-8", "replace").decode("utf-8").translate(_STEERING)


def _word(value: object, most: int = TEXT_MOST) -> str:
    """Return a text that is one line."""
    return _text(value, most).replace("\n", "\\n").replace("\t", "\\t")


def _plain(value: object) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value[:FEW_MOST]]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if math.isfinite(value) and abs(value) < _INT_MOST else 0
    return _text(value)
