# SPDX-License-Identifier: MIT
"""Small records for tests, written by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

EVENTS = (("parent.returned", 2, 2, 3), ("referee.saw-life", 1, 1, 2), ("referee.releases", 1, 1, 0))


def lines() -> list[dict[str, Any]]:
    """A header, what a case is about, two items with their verdicts, and the end."""
    seen = {
        "events": [
            {"seq": n, "name": name, "pid": pid, "tid": tid, "value": value}
            for n, (name, pid, tid, value) in enumerate(EVENTS)
        ],
        "status": 0, "stdout": "", "stderr": "", "elapsed_s": 0.25, "where": [], "left_behind": [], "spawns": [],
    }  # fmt: skip
    first = {"id": "suspension/parent-waits-until-exec", "call": "vfork", "variant": ""}
    second = {"id": "a/b", "call": "clone", "variant": ""}
    facts = {"level": "suspends", "spec": 'vfork(2): "it waits"', "must": "It waits.", "source": "", "digest": ""}
    return [
        {
            "kind": "run", "schema": 2, "pytest_vfork": "0.0.0", "interposer": "shim", "mode": "fork", "fault": None,
            "flags": "--vfork-mode=fork", "claim": "linux", "kernel": "6.18", "libc": "glibc 2.36", "machine": "x86_64",
            "site": "local", "started": "2026-01-01T00:00:00+00:00",
        },
        {"kind": "about", "id": first["id"], "do": "It does.", "rules": ["a.b < c.d"], "fails_under": ["fork"]},
        {"kind": "case", **first, **facts, "seen": seen},
        {"kind": "verdict", **first, "outcome": "fail", "why": "", "expected": "a.b < c.d", "seen": "c.d", "link": ""},
        {"kind": "case", **second, **facts, "seen": None},
        {"kind": "verdict", **second, "outcome": "pass", "why": "yes", "expected": "", "seen": "", "link": ""},
        {"kind": "ladder", "levels": [], "reached": None, "reached_but_for_known": None, "complete": True,
         "why": ""},
    ]  # fmt: skip


def write(path: Path, *, objects: Sequence[Mapping[str, Any]] | None = None, raw: bytes | None = None) -> Path:
    """Write a record of these objects, with an end that counts them if it does not count yet, or these very bytes."""
    written = [dict(line) for line in (lines() if objects is None else objects)]
    counted = Counter(str(line.get("outcome")) for line in written if line.get("kind") == "verdict")
    for line in written:
        if line.get("kind") == "ladder":
            line.setdefault("outcomes", counted)
    text = "".join(json.dumps(line) + "\n" for line in written)
    path.write_bytes(text.encode() if raw is None else raw)
    return path
