# SPDX-License-Identifier: MIT
"""A record as a page of Markdown: the level, what failed, what is known, what is unsupported."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ..model import Outcome
from . import Item, Record
from .level import Standing, standing

_ROWS_MOST, _TEXT_MOST = 30, 240


def summarise(record: Record) -> str:
    """Return the summary; it is bounded, whatever the record holds."""
    seen = standing(record)
    return "\n".join([*_head(record, seen), *_failures(record), *_reasons(record)]) + "\n"


def plain(text: str, most: int = _TEXT_MOST) -> str:
    """Return text as Markdown that shows it as it stands: no markup, no mention of anybody, one line."""
    one_line = " ".join(text.split())
    cut = one_line if len(one_line) <= most else one_line[: most - 1] + "…"
    return re.sub(r"([\\`*_{}\[\]()#+!|~-])", r"\\\1", html.escape(cut, quote=False)).replace("@", "&#64;")


def code(text: str, most: int = _TEXT_MOST) -> str:
    """Return text as code in a line; a backtick in it would end it, and a bar the cell of a table."""
    one_line = " ".join(text.split())[:most].replace("`", "'").replace("|", "\\|")
    return f"`{one_line}`" if one_line else ""


def _head(record: Record, seen: Standing) -> Iterator[str]:
    run = record.run
    yield f"## vfork conformance: {plain(record.label)}"
    yield ""
    said = seen.sentence[:1].upper() + seen.sentence[1:] if seen.why_none else f"Level: {seen.sentence}"
    yield f"**{plain(said)}** (claim: {plain(str(run.get('claim', '?')))})"
    yield ""
    facts = (f"Linux {run.get('kernel')}", run.get("libc"), run.get("machine"), f"suite {run.get('pytest_vfork')}")
    yield plain(", ".join(str(fact) for fact in facts))
    for where, number in Counter(item.at for item in record.items.values() if item.at).most_common(_ROWS_MOST):
        yield f"\n{number} items ran on {plain(where)}"
    yield ""
    yield "| level | held | known | failed | unsupported | first that failed |"
    yield "|---|--:|--:|--:|--:|---|"
    for step in seen.steps:
        failed = step.outcomes[Outcome.FAIL] + step.outcomes[Outcome.BROKEN]
        cells = (
            f"{step.held} of {step.counted}",
            step.outcomes[Outcome.XFAIL],
            failed,
            step.outcomes[Outcome.UNSUPPORTED],
        )
        yield f"| {step.level.word} | {' | '.join(map(str, cells))} | {code(step.first_failed)} |"
    for problem in record.problems:
        yield f"\n> The record is not whole: {plain(problem)}"


def _failures(record: Record) -> Iterator[str]:
    for outcome, heading in (
        (Outcome.BROKEN, "Broken"),
        (Outcome.FAIL, "Failed"),
        (Outcome.XPASS, "Stale expectations"),
    ):
        cases = _by_case(record, outcome)
        if not cases:
            continue
        yield f"\n### {heading}: {sum(map(len, cases))} items, {len(cases)} cases\n"
        yield "| case | calls | expected | seen |"
        yield "|---|---|---|---|"
        for items in cases[:_ROWS_MOST]:
            calls = ", ".join(item.name.removeprefix(item.id).lstrip(":") for item in items)
            verdict = items[0].verdict
            cells = (code(items[0].id), plain(calls, 120), code(verdict.expected or verdict.why), code(verdict.seen))
            yield f"| {' | '.join(cells)} |"
        if len(cases) > _ROWS_MOST:
            yield f"\n{len(cases) - _ROWS_MOST} cases more."


def _reasons(record: Record) -> Iterator[str]:
    for outcome, heading in ((Outcome.XFAIL, "Known deviations"), (Outcome.UNSUPPORTED, "Unsupported here")):
        reasons: dict[str, list[Item]] = {}
        for item in record.items.values():
            if item.outcome is outcome:
                reasons.setdefault(item.verdict.why, []).append(item)
        if not reasons:
            continue
        yield f"\n<details><summary>{heading}: {sum(map(len, reasons.values()))} items</summary>\n"
        for why, items in sorted(reasons.items(), key=lambda pair: -len(pair[1]))[:_ROWS_MOST]:
            cases = sorted({item.id for item in items})
            some = ", ".join(map(code, cases[:3])) + (f" and {len(cases) - 3} cases more" if len(cases) > 3 else "")
            yield f"- {len(items)}: {plain(why)} ({some})"
        yield "\n</details>"


def _by_case(record: Record, outcome: Outcome) -> Sequence[Sequence[Item]]:
    cases: dict[str, list[Item]] = {}
    for item in sorted(record.items.values(), key=lambda item: (item.level, item.name)):
        if item.outcome is outcome:
            cases.setdefault(item.id, []).append(item)
    return list(cases.values())
