# SPDX-License-Identifier: MIT
"""Reads files of known deviations: TOML, one table a deviation, docs/expectations.md."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from ..model import CALLS, Expectation, Mode, Outcome
from ..templates.variants import VARIANTS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_KEYS = {"case", "outcome", "reason", "link", "calls", "modes", "variants"}
_OUTCOMES = ("fail", "broken")


class ExpectationError(ValueError):
    """A file of expectations breaks a rule; the message names file and entry."""


def read_expectations(path: Path, known_ids: Iterable[str]) -> tuple[Expectation, ...]:
    """Read a file of expectations; raise ExpectationError.

    An entry that matches no known case is stale, so it is an error too.
    """
    try:
        entries = tomllib.loads(path.read_text("utf-8")).get("expect", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ExpectationError(f"{path}: {error}") from error
    ids = list(known_ids)
    found = []
    for number, entry in enumerate(entries, 1):
        where = f"{path}: expectation {number} ({entry.get('case', 'no case')})"
        unknown = set(entry) - _KEYS
        if unknown:
            raise ExpectationError(
                f"{where}: unknown key {', '.join(sorted(unknown))}; known are {', '.join(sorted(_KEYS))}"
            )
        for key in ("case", "outcome", "reason", "link"):
            if not isinstance(entry.get(key), str) or not entry[key].strip():
                raise ExpectationError(f"{where}: {key} is missing")
        if entry["outcome"] not in _OUTCOMES:
            raise ExpectationError(f"{where}: outcome {entry['outcome']!r}: want one of {', '.join(_OUTCOMES)}")
        for key, valid in (("calls", CALLS), ("modes", [mode.value for mode in Mode]), ("variants", list(VARIANTS))):
            wrong = [value for value in entry.get(key, ()) if value not in valid]
            if wrong:
                raise ExpectationError(
                    f"{where}: {key}: {', '.join(wrong)}: want some of {', '.join(filter(None, valid))}"
                )
        if not any(fnmatchcase(id, entry["case"]) for id in ids):
            raise ExpectationError(f"{where}: stale: there is no such case")
        found.append(
            Expectation(
                entry["case"], Outcome(entry["outcome"]), entry["reason"], entry["link"],
                tuple(entry.get("calls", ())), tuple(entry.get("modes", ())), tuple(entry.get("variants", ())),
            )
        )  # fmt: skip
    return tuple(found)
