# SPDX-License-Identifier: MIT
"""Reads and checks a template's front matter: one rule, one message with file and line."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from .faults import FaultError, fault
from .model import CALLS, Case, Level, Mode, Workload
from .rules import Rule, parse_expect, parse_never, parse_order

# The block opens a C comment in C and Rust templates, and is a run of # comments in Python and shell ones.
_BLOCK = re.compile(r"/\*---\n(?P<c>.*?)\n---\*/\n|^#---\n(?P<hash>.*?)\n#---\n", re.DOTALL | re.MULTILINE)
_SENTENCE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COMMON = {"id", "level", "spec", "do", "must", "fails_under", "since"}
_CASE = _COMMON | {"calls", "order", "expect", "never"}
_WORKLOAD = _COMMON | {"stdout", "seen", "needs"}
_MODES = {mode.value for mode in Mode} - {"native"}


class FrontMatterError(ValueError):
    """A template's front matter breaks a rule; the message starts with file and line."""


def read_case(template: Path) -> Case:
    """Read a case from `<area>/<sentence>.c.j2`; raise FrontMatterError."""
    block, fail = _read(template, _CASE)
    calls = tuple(block.get("calls", ()))
    unknown = [call for call in calls if call not in CALLS]
    if unknown or not calls:
        fail("calls", f"{', '.join(unknown) or 'none'}: want some of {', '.join(CALLS)}")
    rules: list[Rule] = []
    parsers: tuple[tuple[str, Callable[[str], Rule]], ...] = (
        ("order", parse_order),
        ("expect", parse_expect),
        ("never", parse_never),
    )
    for key, parse in parsers:
        for text in block.get(key, ()):
            try:
                rules.append(parse(text))
            except ValueError as error:
                fail(key, str(error))
    if not rules:
        fail("must", "a case that asserts nothing: give order, expect or never")
    return Case(calls=calls, rules=tuple(rules), **_common(template, block, fail))


def read_workload(template: Path) -> Workload:
    """Read a workload from `<program>/<sentence>.<language>.j2`; raise FrontMatterError."""
    block, fail = _read(template, _WORKLOAD)
    seen = block.get("seen")
    if (
        not isinstance(seen, dict)
        or not seen
        or not all(isinstance(least, int) and least > 0 for least in seen.values())
    ):
        fail("seen", "want a mapping from call to how often it is made at least")
    assert isinstance(seen, dict)
    unknown = [call for calls in seen for call in calls.split("|") if call not in (*CALLS, "fork")]
    if unknown:
        fail("seen", f"{', '.join(unknown)}: want some of {', '.join(CALLS)}, fork")
    if not isinstance(block.get("stdout"), str):
        fail("stdout", "want the output, to the letter")
    return Workload(
        stdout=block["stdout"], seen=seen, needs=tuple(block.get("needs", ())), **_common(template, block, fail)
    )


def body(template: Path) -> str:
    """Return the template without its front matter."""
    return _BLOCK.sub("", template.read_text("utf-8"), count=1)


def is_template(path: Path) -> bool:
    """Say whether the file is a case or a workload: a template, and not in a folder of shared parts ("_lib")."""
    return path.suffix == ".j2" and not any(part.startswith("_") for part in path.parts[-3:])


def _read(template: Path, known: Iterable[str]) -> tuple[dict[str, Any], Callable[[str, str], None]]:
    text = template.read_text("utf-8")
    match = _BLOCK.match(text)
    if match is None:
        raise FrontMatterError(f"{template}:1: no front matter: the file must begin with /*--- or #---")
    yaml_text = (
        match["c"] if match["c"] is not None else textwrap.dedent(re.sub(r"^#", "", match["hash"], flags=re.MULTILINE))
    )

    def fail(key: str, problem: str) -> None:
        line = next((number for number, line in enumerate(text.splitlines(), 1) if re.match(rf"#? ?{key}:", line)), 1)
        raise FrontMatterError(f"{template}:{line}: {key}: {problem}")

    try:
        block = yaml.safe_load(yaml_text)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 2
        raise FrontMatterError(f"{template}:{line}: not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(block, dict):
        raise FrontMatterError(f"{template}:2: front matter must be a mapping")
    for key in block:
        if key not in known:
            fail(key, f"unknown key; known are {', '.join(sorted(known))}")
    return block, fail


def _common(template: Path, block: Mapping[str, Any], fail: Callable[[str, str], None]) -> dict[str, Any]:
    sentence = template.name.split(".", 1)[0]
    if block.get("id") != f"{template.parent.name}/{sentence}":
        fail("id", f"{block.get('id')!r} must be <folder>/<file name>: {template.parent.name}/{sentence}")
    if not _SENTENCE.fullmatch(sentence):
        fail("id", "must be a sentence in kebab-case")
    levels = {level.word: level for level in Level}
    if block.get("level") not in levels:
        fail("level", f"{block.get('level')!r}: want one of {', '.join(levels)}")
    for key in ("spec", "do", "must"):
        if not isinstance(block.get(key), str) or not block[key].strip():
            fail(key, "missing: want a sentence")
    breakers = block.get("fails_under", [])
    if not isinstance(breakers, list) or not all(isinstance(name, str) for name in breakers):
        fail("fails_under", f"{breakers!r}: want a list of {', '.join(sorted(_MODES))} and faults")
    for name in breakers:
        if name not in _MODES:
            try:
                fault(name)
            except FaultError as error:
                fail("fails_under", f"neither one of {', '.join(sorted(_MODES))} nor a fault: {error}")
    since = re.fullmatch(r"(\d+)\.(\d+)", str(block.get("since", "0.0")))
    if since is None:
        fail("since", "want the first Linux version that promises it, quoted: '5.3'")
    assert since is not None
    return {
        "id": block["id"],
        "level": levels[block["level"]],
        "spec": block["spec"].strip(),
        "do": block["do"].strip(),
        "must": block["must"].strip(),
        "fails_under": frozenset(breakers),
        "since": (int(since[1]), int(since[2])),
        "template": template,
    }
