# SPDX-License-Identifier: MIT
"""Results → expectations: the shortest entries that say which items deviate, with the reasons that were known."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..model import Expectation, Outcome
from ..model.result import Result
from .expectations import UNEXPLAINED, find_expectation

Item = tuple[str, str, str]  # id, call, variant
_KEYS = ("calls", "modes", "variants", "without")


def update(
    old: Sequence[Expectation], results: Iterable[Result], items: Iterable[Item], mode: str
) -> tuple[Expectation, ...]:
    """Return the expectations after a run: what still deviates keeps its reason, what is new has none yet.

    `items` are all of the suite. What the run did not try stays as it is.
    """
    every = list(items)
    outcomes = {(result.id, result.call, result.variant): result.verdict.outcome for result in results}
    fails: dict[Item, Expectation] = {}
    for item in every:
        known = find_expectation(old, item[0], item[1], mode, item[2])
        outcome = outcomes.get(item, Outcome.UNSUPPORTED)
        if outcome in (Outcome.FAIL, Outcome.BROKEN):
            reason = known or Expectation((), outcome, UNEXPLAINED, UNEXPLAINED, modes=(mode,) if mode else ())
            fails[item] = replace(reason, outcome=outcome)
        elif known and (known.sometimes or outcome not in (Outcome.PASS, Outcome.XPASS)):
            fails[item] = known
    of_other_modes = [one for one in old if one.modes and mode not in one.modes]
    of_sites = [one for one in old if one.without and one not in of_other_modes]
    tried = {item for item, outcome in outcomes.items() if outcome is not Outcome.UNSUPPORTED}
    return (*of_sites, *_merge(_entries(fails, every, tried)), *of_other_modes)


def describe(fails: Mapping[Item, Expectation], items: Iterable[Item]) -> list[Expectation]:
    """Return the entries that foresee just these items, each with the reason that stands there for it."""
    every = list(items)
    return _merge(_entries(fails, every, set(every)))


def _entries(fails: Mapping[Item, Expectation], every: Sequence[Item], tried: set[Item]) -> Iterator[Expectation]:
    """Return entries that hold for just these items, of those that were tried; each speaks of one case."""
    by_case: dict[str, list[Item]] = defaultdict(list)
    for item in every:
        by_case[item[0]].append(item)
    for id, of_case in by_case.items():
        for kind in dict.fromkeys(_kind(fails[item]) for item in of_case if item in fails):
            failing = [item for item in of_case if item in fails and _kind(fails[item]) == kind]
            others = [item for item in of_case if item not in failing and (item in tried or item in fails)]
            for calls, variants in _words(failing, others):
                yield replace(fails[failing[0]], cases=(id,), calls=calls, variants=variants, without=())


def _kind(expectation: Expectation) -> tuple[object, ...]:
    when = (expectation.modes, expectation.versions, expectation.sometimes)
    return (expectation.outcome, expectation.reason, expectation.link, *when)


def _words(failing: Sequence[Item], others: Sequence[Item]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return calls and variants that tell the failing items from the others, in as few words as will do."""
    calls, variants = (tuple(dict.fromkeys(item[place] for item in failing)) for place in (1, 2))
    if not others:
        return [((), ())]
    if not any(call in calls for _, call, _ in others):
        return [(calls, ())]
    if not any(variant in variants for _, _, variant in others):
        return [((), variants)]
    return [(tuple(call for _, call, other in failing if other == variant), (variant,)) for variant in variants]


def _merge(entries: Iterable[Expectation]) -> list[Expectation]:
    """Put cases together that are foreseen in the same words."""
    by_words: dict[Expectation, list[str]] = defaultdict(list)
    for entry in entries:
        by_words[replace(entry, cases=())] += entry.cases
    merged = [replace(words, cases=tuple(sorted(cases))) for words, cases in by_words.items()]
    return sorted(merged, key=lambda entry: (entry.reason == UNEXPLAINED, entry.cases))


def to_toml(expectations: Iterable[Expectation], head: str) -> str:
    """Return the text of a file of expectations; `head` becomes its first comment."""
    return "".join(f"# {line}\n" for line in head.splitlines()) + "".join(map(_entry_to_toml, expectations))


def _entry_to_toml(entry: Expectation) -> str:
    cases = "".join(f"    {_quote(case)},\n" for case in entry.cases)
    lines = [f"case = {_quote(entry.cases[0])}" if len(entry.cases) == 1 else f"case = [\n{cases}]"]
    for key in _KEYS:
        values = getattr(entry, key)
        if values:
            lines.append(f"{key} = [{', '.join(map(_quote, values))}]")
    if entry.versions:
        lines.append(f"versions = {_quote(entry.versions)}")
    if entry.sometimes:
        lines.append("sometimes = true")
    lines += [
        f"{key} = {_quote(value)}"
        for key, value in (("outcome", entry.outcome.value), ("reason", entry.reason), ("link", entry.link))
    ]
    return "\n[[expect]]\n" + "\n".join(lines) + "\n"


def _quote(text: str) -> str:
    """Return a basic string of TOML, which is one of JSON's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
