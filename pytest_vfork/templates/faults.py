# SPDX-License-Identifier: MIT
"""The faults that our shim can commit: reads shim/faults.def, which its C includes as well."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..model import AREAS, Mode

TABLE = Path(__file__).parents[1] / "running" / "shim" / "faults.def"
ANY = "any"  # of areas: a fault of the call as a whole, which may show anywhere first
_MODES = {"EMULATE": (Mode.EMULATE,), "BOTH": (Mode.EMULATE, Mode.REISSUE)}
_SOUNDNESS = {"SOUND": True, "UNSOUND": False}
_TOKEN = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>[^\s",()]+)|(?P<mark>[,()])|\s+')
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


class FaultError(ValueError):
    """A row of the table breaks a rule, or there is no fault of that name; the message says where, or what there is."""


@dataclass(frozen=True)
class Fault:
    """A named deviation.

    `number` is what the shim answers; `areas` are those in which the first failing case must lie; a fault that is not
    `is_sound` leaves the program in an undefined state, so that cases which need not notice it may fail as well.
    `changes` is the C that sets it, `models` the implementation that it stands for.
    """

    name: str
    number: int
    modes: tuple[Mode, ...]
    is_sound: bool
    areas: tuple[str, ...]
    title: str
    models: str
    changes: str


@cache
def faults() -> Mapping[str, Fault]:
    """Return every fault by its name, in the order of the table; raise FaultError."""
    return read_faults(TABLE)


def fault(name: str) -> Fault:
    """Return the fault of that name; raise FaultError, which names those that are close, or all."""
    if name in faults():
        return faults()[name]
    close = difflib.get_close_matches(name, faults(), 3)
    hint = f"did you mean {' or '.join(close)}?" if close else f"want one of {', '.join(faults())}"
    raise FaultError(f"{name!r} is no fault; {hint} (--vfork-list-faults tells them all)")


def read_faults(table: Path) -> Mapping[str, Fault]:
    """Read the rows FAULT(name, modes, soundness, "areas", "title", "models", change) of a table; raise FaultError."""
    text = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), table.read_text("utf-8"))
    found: dict[str, Fault] = {}
    at = 0
    while row := re.compile(r"\bFAULT\(").search(text, at):
        arguments, at = _arguments(text, row.end())
        where = f"{table}:{text.count(chr(10), 0, row.start()) + 1}"
        made = _fault(where, len(found) + 1, arguments)
        if made.name in found:
            raise FaultError(f"{where}: {made.name} is there twice")
        found[made.name] = made
    return found


def _arguments(text: str, at: int) -> tuple[list[str], int]:
    """Split the arguments of a macro that begin at `at`; strings lose their quotes, and adjacent ones are one."""
    arguments, depth, start = [""], 0, at
    while token := _TOKEN.match(text, at):
        at = token.end()
        if token["mark"] == ")" and depth == 0:
            return [argument.strip() for argument in arguments], at
        depth += {"(": 1, ")": -1}.get(token["mark"] or "", 0)
        if token["mark"] == "," and depth == 0:
            arguments.append("")
        else:
            arguments[-1] += token["text"] if token["text"] is not None else token[0]
    raise FaultError(f"a row that does not end: FAULT({text[start : start + 40]}")


def _fault(where: str, number: int, arguments: list[str]) -> Fault:
    if len(arguments) != 7:
        raise FaultError(
            f"{where}: {len(arguments)} arguments: want name, modes, soundness, areas, title, models, change"
        )
    name, modes, soundness, areas, title, models, change = (re.sub(r"\s+", " ", argument) for argument in arguments)
    if not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name) or len(name) > 47:
        raise FaultError(f"{where}: {name!r}: want a name of small letters and underscores, 47 at most")
    for value, valid in ((modes, _MODES), (soundness, _SOUNDNESS)):
        if value not in valid:
            raise FaultError(f"{where}: {value!r}: want one of {', '.join(valid)}")
    unknown = sorted(set(areas.split()) - {*AREAS, ANY})
    if unknown or not areas.split():
        raise FaultError(f"{where}: area {', '.join(unknown) or 'none'}: want some of {', '.join((*AREAS, ANY))}")
    if not title.endswith(".") or not models or not change:
        raise FaultError(f"{where}: want a title that is a sentence, what it models, and what it changes")
    return Fault(
        name.replace("_", "-"),
        number,
        _MODES[modes],
        _SOUNDNESS[soundness],
        tuple(areas.split()),
        title,
        models,
        change,
    )
