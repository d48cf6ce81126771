# SPDX-License-Identifier: MIT
"""Expectations as the lists of other projects, and back: their names of items, one a line, or a filter.

An item is named by its path in an export (`signals/handled-signal-waits-until-release.clone3`), which has no colon, no
space and no comma, and so fits all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..model import Expectation, Outcome
from .deviations import Item, describe
from .expectations import UNEXPLAINED, find_expectation

NAME = re.compile(r"[a-z-]+/[a-z0-9-]+(\.[a-z0-9_-]+(\+[a-zA-Z0-9-]+)?)?")


class ListError(ValueError):
    """A list cannot be read; the message says where and why."""


@dataclass(frozen=True)
class Format:
    """How one project writes its lists: `write` takes names with their reasons, `read` returns names."""

    what: str
    write: Callable[[Sequence[tuple[str, str]]], str]
    read: Callable[[str], Iterable[str]]


def path_of(item: Item) -> str:
    """Return the name of an item in these lists."""
    id, call, variant = item
    return id + (f".{call}" if call else "") + (f"+{variant}" if variant else "")


def write(expectations: Sequence[Expectation], items: Iterable[Item], mode: str, style: str) -> str:
    """Return what deviates, in the style of another project."""
    known = ((path_of(item), find_expectation(expectations, item[0], item[1], mode, item[2])) for item in items)
    return FORMATS[style].write([(name, one.reason) for name, one in known if one])


def read(
    text: str, items: Iterable[Item], mode: str, style: str, old: Sequence[Expectation] = ()
) -> tuple[Expectation, ...]:
    """Return the expectations that such a list means; reasons come from `old`. Raise ListError."""
    every = list(items)
    by_name = {path_of(item): item for item in every}
    failing: list[Item] = []
    for name in FORMATS[style].read(text):
        # the name of a case stands for all its items
        found = [item for other, item in by_name.items() if name in (other, other.partition(".")[0])]
        if not found:
            raise ListError(f"{name!r} is no item of this suite")
        failing += found
    fails = {}
    for item in failing:
        known = find_expectation(old, item[0], item[1], mode, item[2])
        fails[item] = known or Expectation((item[0],), Outcome.FAIL, UNEXPLAINED, UNEXPLAINED)
    return tuple(describe(fails, every))


def _lines(comment: str = " # ") -> Callable[[Sequence[tuple[str, str]]], str]:
    return lambda names: "".join(f"{name}{comment}{reason}\n" for name, reason in names)


def _read_lines(text: str) -> list[str]:
    stripped = (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in stripped if line]


def _read_codes(text: str) -> list[str]:
    """FEX's Expected_Output: the name, a space, and what the program exits with; only those that fail deviate."""
    names = []
    for line in _read_lines(text):
        name, _, code = line.partition(" ")
        if not re.fullmatch(r"-?\d+", code.strip()):
            raise ListError(f"{line!r}: want a name and an exit status")
        if int(code) == 1:
            names.append(name)
    return names


def _read_colons(text: str) -> list[str]:
    lines = _read_lines(text)
    for line in lines:
        if line.count(":") != 1:
            raise ListError(f"{line!r}: want dir:case")
    return [line.replace(":", "/") for line in lines]


def _read_filter(text: str) -> list[str]:
    """Read gtest's --gtest_filter: what stands behind the first minus is left out, separated by colons."""
    _, minus, negative = text.strip().removeprefix("--gtest_filter=").partition("-")
    if not minus:
        raise ListError("a filter without a minus leaves nothing out")
    return [name.replace(".", "/", 1) for name in negative.split(":") if name]


FORMATS = {
    # kirk --skip-file, runltp -S: a name a line
    "ltp": Format("LTP's and kirk's skip file", _lines(), _read_lines),
    # FEX, Scripts/guest_test_runner.py: comments are taken off
    "fex-known-failures": Format("FEX's Known_Failures", _lines(), _read_lines),
    "fex-disabled": Format("FEX's Disabled_Tests", _lines(), _read_lines),
    "fex-flake": Format("FEX's Flake_Tests", _lines(), _read_lines),
    "fex-expected-output": Format(
        "FEX's Expected_Output", lambda names: "".join(f"{name} 1\n" for name, _ in names), _read_codes
    ),
    "dir-case": Format(
        "lines of dir:case", lambda names: "".join(f"{name.replace('/', ':', 1)}\n" for name, _ in names), _read_colons
    ),
    "gtest": Format(
        "gtest's filter",
        lambda names: "--gtest_filter=-" + ":".join(name.replace("/", ".", 1) for name, _ in names) + "\n",
        _read_filter,
    ),
}
