# SPDX-License-Identifier: MIT
"""The committed result, conformance/detection.json, and the page made from it, docs/detection.md."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .. import resources
from . import Row, treatments

RESULT = "detection.json"


def read_result() -> dict[str, Row]:
    """Read the committed matrix."""
    plain = json.loads((resources.folder("conformance") / RESULT).read_text("utf-8"))
    return {
        name: Row(name, {case: tuple(calls.split()) for case, calls in failed.items()})
        for name, failed in plain.items()
    }


def write_report(rows: Mapping[str, Row]) -> None:
    """Put these rows in the place of those of before, and make the page anew."""
    path = resources.folder("conformance") / RESULT
    known = read_result() if path.exists() else {}
    known.update(rows)
    plain = {
        name: {case: " ".join(calls) for case, calls in sorted(known[name].failed.items())}
        for name in treatments()
        if name in known
    }
    path.write_text(json.dumps(plain, indent=1) + "\n", "utf-8")
