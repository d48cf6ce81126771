# SPDX-License-Identifier: MIT
"""What the suite that is installed knows of the items of a record of its own version: cases, sources, the command."""

from __future__ import annotations

import functools
import hashlib
import platform
import shlex
from collections.abc import Mapping
from pathlib import Path

from .. import __version__
from ..building.render import render_case, render_workload
from ..model import CALLS, Case, Workload
from ..model.rules import Rule
from ..templates import suite as installed
from ..templates.rules import parse_expect, parse_never, parse_order
from ..templates.variants import VARIANTS
from . import About, Item, Record

_SOURCE_MOST = 256 << 10


@functools.cache
def known() -> Mapping[str, Case | Workload]:
    """Every case and workload that is installed and can be read, by its id."""
    return {item.id: item for item in installed.everything().values() if item}


def about(record: Record, id: str) -> About:
    """What is said of a case: by the record, or by the suite if it is of the record's version."""
    if id in record.about:
        return record.about[id]
    item = known().get(id) if record.run.get("pytest_vfork") == __version__ else None
    return describe(item) if item else About()


def describe(item: Case | Workload) -> About:
    """Return what is said of a case or workload once."""
    rules = tuple(rule.text for rule in item.rules) if isinstance(item, Case) else ()
    return About(item.do, rules, tuple(sorted(item.fails_under)))


def rules(told: About) -> tuple[Rule, ...]:
    """Read the rules of a case from their texts; one that cannot be read is left out."""
    found: list[Rule] = []
    for text in told.rules:
        try:
            if text.startswith("never "):
                found.append(parse_never(text.removeprefix("never ")))
            else:
                found.append(parse_order(text) if " < " in text else parse_expect(text))
        except ValueError:
            continue
    return tuple(found)


def digest(source: str) -> str:
    """Return what tells one source from another."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def source(record: Record, item: Item) -> str:
    """Return the program of an item: from the record, rendered anew, or read from its file; "" if it is lost.

    A rendering or file is taken only if it is the very source, where the record says which that was.
    """
    if item.name in record.sources:
        return record.sources[item.name]
    machine = str(record.run.get("machine") or platform.machine())
    files = _rendered(item, machine) if record.run.get("pytest_vfork") == __version__ else {}
    main = next(iter(files.values()), "")
    if main and item.digest in ("", digest(main)):
        return main if len(files) == 1 else join(files)
    return _file(item)


def _rendered(item: Item, machine: str) -> Mapping[str, str]:
    """Render the files of an item for a machine anew, the one that is started first."""
    subject = known().get(item.id)
    if isinstance(subject, Case) and item.call in CALLS and item.variant in VARIANTS:
        return {"case.c": render_case(subject, item.call, item.variant, machine=machine)}
    return render_workload(subject) if isinstance(subject, Workload) and not item.call else {}


def join(files: Mapping[str, str]) -> str:
    """Return several files as one text, each below its name."""
    return "\n".join(f"==> {name} <==\n{text}" for name, text in files.items())


def _file(item: Item) -> str:
    """Read the file that the record names, but only if it is what the record says: a record may name any file."""
    path = Path(item.source)
    try:
        if not item.digest or not path.is_file() or path.stat().st_size > _SOURCE_MOST:
            return ""
        text = path.read_text("utf-8")
    except (OSError, ValueError):  # ValueError: a NUL in the path, or no UTF-8
        return ""
    return text if digest(text) == item.digest else ""


def again(record: Record, name: str) -> str:
    """Return the command that runs one item again as it ran here."""
    return f"{again_any(record)} {shlex.quote(f'[{name}]')}"


def again_any(record: Record) -> str:
    """Return the same without the item: `[NAME]`, quoted, comes last."""
    told = record.run.get("flags")
    flags = told if isinstance(told, str) else " ".join(_flags(record))
    return " ".join(filter(None, ("pytest", flags, "--pyargs pytest_vfork.conformance -k")))


def _flags(record: Record) -> list[str]:
    run = record.run
    values = {"interposer": run.get("interposer"), "mode": run.get("mode"), "fault": run.get("fault")}
    values["command"] = run.get("command")
    return [
        f"--vfork-{key}={shlex.quote(value)}"
        for key, value in values.items()
        if isinstance(value, str) and value and (key, value) != ("interposer", "shim")
    ]
