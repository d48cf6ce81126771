# SPDX-License-Identifier: MIT
"""Known deviations: reads files of them (TOML, one table a deviation, docs/expectations.md), finds and applies them."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NoReturn

from ..model import CALLS, Expectation, Mode, Outcome, Verdict
from ..templates.needs import NEEDS
from ..templates.variants import VARIANTS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_OUTCOMES = ("fail", "broken")
_KEYS = {"case", "outcome", "reason", "link", "calls", "modes", "variants", "without", "versions", "sometimes"}
# What --vfork-update-expectations gives as the reason of a deviation that it finds.
UNEXPLAINED = "?"
_BOUND = re.compile(r"(?P<relation><=?|>=?|==)\s*(?P<version>\d+(\.\d+)*)")


class ExpectationError(ValueError):
    """A file of expectations breaks a rule; the message names file and entry."""


def read_expectations(
    path: Path, known_ids: Iterable[str], *, allows_unexplained: bool = False
) -> tuple[Expectation, ...]:
    """Read a file of expectations; raise ExpectationError.

    An entry with a case that matches no known one is stale, so it is an error too, and so is one without a reason,
    unless that is allowed.
    """
    try:
        whole = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ExpectationError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # not UTF-8, not TOML, endless numbers
        raise ExpectationError(f"{path}: {error}") from error
    except RecursionError as error:  # a line of brackets
        raise ExpectationError(f"{path}: tables or lists in one another, too deep to be read") from error
    entries = whole.get("expect", [])
    if set(whole) - {"expect"} or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise ExpectationError(f"{path}: want nothing but tables [[expect]]")
    ids = tuple(known_ids)
    found = tuple(_read_entry(f"{path}: expectation {number}", entry, ids) for number, entry in enumerate(entries, 1))
    unexplained = [case for one in found if UNEXPLAINED in (one.reason, one.link) for case in one.cases]
    if unexplained and not allows_unexplained:
        more = f" and {len(unexplained) - 1} more" if len(unexplained) > 1 else ""
        raise ExpectationError(
            f"{path}: {unexplained[0]}{more}: reason or link is {UNEXPLAINED!r}: write down why it is so, "
            "or give --vfork-allow-unexplained"
        )
    return found


def _read_entry(where: str, entry: Mapping[str, Any], ids: Collection[str]) -> Expectation:
    cases = _strings(entry.get("case"))
    where = f"{where} ({', '.join(cases or ('no case',))})"

    def fail(problem: str) -> NoReturn:
        raise ExpectationError(f"{where}: {problem}")

    unknown = set(entry) - _KEYS
    if unknown:
        fail(f"unknown key {', '.join(sorted(unknown))}; known are {', '.join(sorted(_KEYS))}")
    if not cases:
        fail("case is missing: want one, or a list of them")
    for key in ("outcome", "reason", "link"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            fail(f"{key} is missing")
    if entry["outcome"] not in _OUTCOMES:
        fail(f"outcome {entry['outcome']!r}: want one of {', '.join(_OUTCOMES)}")
    lists = {"calls": CALLS, "modes": [mode.value for mode in Mode], "variants": VARIANTS, "without": NEEDS}
    for key, valid in lists.items():
        listed = entry.get(key, [])
        if not isinstance(listed, list):
            fail(f"{key}: {listed!r}: want a list of {', '.join(filter(None, valid))}")
        wrong = [str(value) for value in listed if not isinstance(value, str) or value not in valid]
        if wrong:
            fail(f"{key}: {', '.join(wrong)}: want some of {', '.join(filter(None, valid))}")
    for case in cases:
        if not any(fnmatchcase(id, case) for id in ids):
            fail(f"stale: there is no case {case}")
    versions = entry.get("versions", "")
    if not isinstance(versions, str) or not all(map(_BOUND.fullmatch, _bounds(versions))):
        fail(f"versions: {versions!r}: want a range like '>=7.2,<11'")
    sometimes = entry.get("sometimes", False)
    if not isinstance(sometimes, bool):
        fail(f"sometimes: {sometimes!r}: want true")
    calls, modes, of_variants, without = (tuple(entry.get(key, ())) for key in lists)
    outcome, why = Outcome(entry["outcome"]), (entry["reason"], entry["link"])
    return Expectation(cases, outcome, *why, calls, modes, of_variants, without, versions, sometimes)


def _bounds(versions: str) -> list[str]:
    return [bound.strip() for bound in versions.split(",")] if versions.strip() else []


def speaks_of(expectation: Expectation, version: str) -> bool:
    """Say whether an expectation is about this version of the interposer: one whose version is unknown has them all."""
    found = re.search(r"\d+(\.\d+)*", version)
    if found is None:
        return True
    here = _numbers(found[0])
    for text in _bounds(expectation.versions):
        bound = _BOUND.fullmatch(text)
        assert bound  # it was checked when it was read
        wanted = _numbers(bound["version"])
        is_same = here[: len(wanted)] == wanted  # 7.2.22 is 7.2
        holds = {"<": here < wanted and not is_same, ">": here > wanted and not is_same, "==": is_same}
        holds |= {"<=": holds["<"] or is_same, ">=": holds[">"] or is_same}
        if not holds[bound["relation"]]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _strings(value: Any) -> tuple[str, ...]:
    """Return one string or a list of them as a tuple; an empty one for anything else."""
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(listed) if all(isinstance(one, str) and one.strip() for one in listed) else ()


def apply_expectation(verdict: Verdict, expectation: Expectation | None) -> Verdict:
    """Turn a foreseen deviation into xfail and a stale expectation into xpass; anything else stays what it is.

    That a deviation is not there makes an expectation stale only where it has to be there in each run.
    """
    if expectation is None or verdict.outcome is Outcome.UNSUPPORTED:
        return verdict
    if verdict.outcome is expectation.outcome:
        return Verdict(Outcome.XFAIL, expectation.reason, verdict.expected, verdict.seen)
    if verdict.outcome is Outcome.PASS and not expectation.sometimes:
        why = f"it passes, but {expectation.outcome.value} is expected ({expectation.reason}): the expectation is stale"
        return Verdict(Outcome.XPASS, why, expectation.outcome.value, "pass")
    return verdict


def find_expectation(
    expectations: Iterable[Expectation], id: str, call: str, mode: str, variant: str = ""
) -> Expectation | None:
    """Return the first expectation that speaks of this case, call, mode and variant."""
    for expectation in expectations:
        if (
            any(fnmatchcase(id, case) for case in expectation.cases)
            and (not expectation.calls or call in expectation.calls)
            and (not expectation.modes or mode in expectation.modes)
            and (not expectation.variants or variant in expectation.variants)
        ):
            return expectation
    return None
