# SPDX-License-Identifier: MIT
"""Reads and checks a template's front matter: one rule, one message with file and line."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from .census import Pattern
from .languages import LANGUAGES
from .model import ASSERTIONS, CALLS, Case, Level, Mode, Workload
from .rules import Rule, parse_expect, parse_never, parse_order

# The block opens a C comment in C, Go, Java, JavaScript and Rust, and is a run of # comments elsewhere.
_BLOCK = re.compile(r"/\*---\n(?P<c>.*?)\n---\*/\n|^#---\n(?P<hash>.*?)\n#---\n", re.DOTALL | re.MULTILINE)
_SENTENCE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COMMON = {"id", "level", "spec", "do", "must", "fails_under", "since"}
_CASE = _COMMON | {"calls", "order", "expect", "never"}
_WORKLOAD = _COMMON | {"stdout", "seen", "never_seen", "asserts", "needs", "options", "version", "under_fork"}
# A workload that is a folder: this file of it is started, and what lies beside it is rendered too.
MAIN = "main"
_BREAKERS = {mode.value for mode in Mode} - {"native"}


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
    """Read a workload from `<program>/<sentence>.<language>.j2` or `<program>/<sentence>/main.<language>.j2`.

    Raise FrontMatterError.
    """
    block, fail = _read(template, _WORKLOAD)
    language = template.name.removesuffix(".j2").rpartition(".")[2]
    if language not in LANGUAGES:
        fail("id", f"no language has the suffix {language!r}: want one of {', '.join(LANGUAGES)}")
    seen, never_seen = block.get("seen"), block.get("never_seen", [])
    if (
        not isinstance(seen, dict)
        or not seen
        or not all(isinstance(least, int) and least > 0 for least in seen.values())
    ):
        fail("seen", "want a mapping from call to how often it is made at least")
    assert isinstance(seen, dict)
    for key, patterns in (("seen", seen), ("never_seen", never_seen)):
        for text in patterns:
            try:
                Pattern.parse(text)
            except ValueError as error:
                fail(key, str(error))
    if not isinstance(block.get("stdout"), str):
        fail("stdout", "want the output, to the letter")
    asserts = block.get("asserts", [])
    if not asserts or not set(asserts) <= set(ASSERTIONS):
        fail("asserts", f"{asserts!r}: want some of {', '.join(ASSERTIONS)}")
    needs = block.get("needs", {})
    if not isinstance(needs, dict):
        fail("needs", "want a mapping from executable to the Debian package that has it")
    common = _common(template, block, fail)
    under_fork = block.get("under_fork", "")
    if bool(under_fork) is not ("fork" in common["fails_under"]):
        fail("under_fork", "goes with fork in fails_under, and says what a user of the program would see")
    return Workload(
        stdout=block["stdout"],
        seen=seen,
        never_seen=tuple(never_seen),
        asserts=tuple(asserts),
        needs=needs,
        options=tuple(block.get("options", ())),
        version=tuple(block.get("version", ())),
        under_fork=under_fork.strip(),
        **common,
    )


def body(template: Path) -> str:
    """Return the template without its front matter."""
    return _BLOCK.sub("", template.read_text("utf-8"), count=1)


def is_template(path: Path) -> bool:
    """Say whether the file is a case or a workload: a template, and not a shared part ("_lib", "_part.java.j2")."""
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
    sentence, folder = template.name.split(".", 1)[0], template.parent
    if sentence == MAIN:
        sentence, folder = folder.name, folder.parent
    if block.get("id") != f"{folder.name}/{sentence}":
        fail("id", f"{block.get('id')!r} must be <folder>/<file name>: {folder.name}/{sentence}")
    if not _SENTENCE.fullmatch(sentence):
        fail("id", "must be a sentence in kebab-case")
    levels = {level.word: level for level in Level}
    if block.get("level") not in levels:
        fail("level", f"{block.get('level')!r}: want one of {', '.join(levels)}")
    for key in ("spec", "do", "must"):
        if not isinstance(block.get(key), str) or not block[key].strip():
            fail(key, "missing: want a sentence")
    breakers = block.get("fails_under", [])
    if not isinstance(breakers, list) or not set(breakers) <= _BREAKERS:
        fail("fails_under", f"{breakers!r}: want a list of {', '.join(sorted(_BREAKERS))}")
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
