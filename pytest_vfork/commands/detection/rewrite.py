# SPDX-License-Identifier: MIT
"""Writes what a matrix found into the `fails_under` of each case; a person reviews the diff."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping

from ...model import Case
from ...templates import suite
from . import Row, treatments

_LINE = re.compile(r"^fails_under: \[[^\]]*\]$", re.MULTILINE)
_COLUMNS = 140


def rewrite(rows: Mapping[str, Row], cases: Iterable[Case]) -> list[str]:
    """Make `fails_under` of every template true for the treatments in `rows`, and leave others; return what changed."""
    changed = []
    for case in cases:
        asked = {name for name, row in rows.items() if case.id not in row.unseen}
        wanted = (case.fails_under - asked) | {name for name in asked if case.id in rows[name].failed}
        text = case.template.read_text("utf-8")
        new = _LINE.sub(lambda line: fails_under(wanted), text, count=1)  # noqa: B023 (called at once)
        if new != text:
            case.template.write_text(new, "utf-8")
            changed.append(case.id)
    suite.cases.cache_clear()
    return changed


def fails_under(names: Iterable[str]) -> str:
    """Return the line of front matter, wrapped if it is long: modes first, then faults in the order of their table."""
    order = ("fork", "reissue", "emulate", *treatments())
    whole = f"fails_under: [{', '.join(sorted(names, key=order.index))}]"
    return "\n".join(textwrap.wrap(whole, _COLUMNS, subsequent_indent="  ", break_on_hyphens=False))
