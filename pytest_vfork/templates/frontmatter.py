# SPDX-License-Identifier: MIT
"""Reads and checks a template's front matter: one rule, one message with file and line."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

from ..model import ASSERTIONS, CALLS, Case, Level, Mode, Workload
from ..model.census import Pattern
from ..model.rules import Expect, Never, Order, Rule
from ..model.words import words
from .faults import FaultError, fault
from .languages import LANGUAGES
from .needs import NEEDS
from .places import BEGINNING, id_of, where_parts_lie
from .rules import parse_expect, parse_never, parse_order
from .spec import read_spec
from .variants import VARIANTS

# The block opens a C comment in C, Go, Java, JavaScript and Rust, and is a run of # comments elsewhere.
_BLOCK = re.compile(r"/\*---\n(?P<c>.*?)\n?^---\*/(\n|\Z)|#---\n(?P<hash>.*?)\n?^#---(\n|\Z)", re.DOTALL | re.MULTILINE)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, ten times as fast, where PyYAML was built with it
_MOST_PARTS = 10_000
_SENTENCE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COMMON = {"id", "level", "spec", "do", "must", "fails_under", "since"}
_CASE = _COMMON | {"calls", "order", "expect", "never", "needs", "differs", "variants", "until"}
_WORKLOAD = _COMMON | {"stdout", "seen", "never_seen", "asserts", "needs", "options", "version", "under_fork"}
_EVENT = re.compile(r'"([a-z][a-z0-9-]*\.[a-z][a-z0-9-]*)"')
_PART = re.compile(r'{%-? (?:extends|include) "([^"]+)" ')
# What a workload has and a case has not. It is told by these, so that both may lie in one folder.
_OF_A_WORKLOAD = re.compile(r"^(# ?)?(stdout|seen):", re.MULTILINE)
_Fail = Callable[[str, str], NoReturn]
_MODES = {mode.value for mode in Mode} - {"native"}


class FrontMatterError(ValueError):
    """A template's front matter breaks a rule; the message starts with file and line."""


def read(template: Path) -> Case | Workload:
    """Read a case or a workload; raise FrontMatterError."""
    block = _BLOCK.match(_text(template))
    is_case = template.name.endswith(".c.j2") and not (block and _OF_A_WORKLOAD.search(block[0]))
    return read_case(template) if is_case else read_workload(template)


def read_case(template: Path) -> Case:
    """Read a case from `<area>/<sentence>.c.j2`; raise FrontMatterError."""
    block, fail = _read(template, _CASE)
    calls = _some_of("calls", block.get("calls"), CALLS, fail)
    needs = _some_of("needs", block.get("needs", []), NEEDS, fail, may_be_empty=True)
    rules: list[Rule] = []
    parsers: tuple[tuple[str, Callable[[str], Rule]], ...] = (
        ("order", parse_order),
        ("expect", parse_expect),
        ("never", parse_never),
    )
    for key, parse in parsers:
        for text in _strings(key, block, fail):
            try:
                rules.append(parse(text))
            except ValueError as error:
                fail(key, str(error))
    if not rules:
        fail("must", "a case that asserts nothing: give order, expect or never")
    _check_events(rules, template, fail)
    common = _common(template, block, fail)
    _check_sentences(block, fail)
    _check_level(common["level"], common["fails_under"], fail)
    until = _linux("until", block, fail, "the first Linux version that does not promise it any more")
    if until and until <= common["since"]:
        fail("until", "no Linux version promises it: since is no earlier")
    return Case(
        calls=calls,
        rules=tuple(rules),
        needs=needs,
        differs=str(block.get("differs", "")).strip(),
        variants=_variants(block.get("variants", {}), calls, fail),
        until=until,
        **common,
    )


def read_workload(template: Path) -> Workload:
    """Read a workload from `<program>/<sentence>.<language>.j2` or `<program>/<sentence>/main.<language>.j2`.

    Raise FrontMatterError.
    """
    block, fail = _read(template, _WORKLOAD)
    language = template.name.removesuffix(".j2").rpartition(".")[2]
    if language not in LANGUAGES:
        fail("id", f"no language has the suffix {language!r}: want one of {', '.join(LANGUAGES)}")
    seen, never_seen = block.get("seen"), _strings("never_seen", block, fail)
    if (
        not isinstance(seen, dict)
        or not seen
        or not all(isinstance(call, str) and isinstance(least, int) and least > 0 for call, least in seen.items())
    ):
        fail("seen", "want a mapping from call to how often it is made at least")
    for key, patterns in (("seen", seen), ("never_seen", never_seen)):
        for text in patterns:
            try:
                Pattern.parse(text)
            except ValueError as error:
                fail(key, str(error))
    if not isinstance(block.get("stdout"), str):
        fail("stdout", "want the output, to the letter")
    asserts = _strings("asserts", block, fail)
    if not asserts or not set(asserts) <= set(ASSERTIONS):
        fail("asserts", f"{[*asserts]}: want some of {', '.join(ASSERTIONS)}")
    needs = block.get("needs", {})
    if not isinstance(needs, dict) or not all(isinstance(part, str) for need in needs.items() for part in need):
        fail("needs", "want a mapping from a command that must end well to the Debian packages that make it do so")
    for command in needs:
        try:
            is_bare = len(words(command, "needs")) < 2
        except ValueError as error:
            fail("needs", str(error).removeprefix("needs: "))
        if is_bare:
            fail(
                "needs",
                f"{command!r}: an executable may be there and not work: want a command, as `{command} --version`",
            )
    common = _common(template, block, fail)
    under_fork = str(block.get("under_fork") or "")
    if bool(under_fork) is not ("fork" in common["fails_under"]):
        fail("under_fork", "goes with fork in fails_under, and says what a user of the program would see")
    return Workload(
        stdout=block["stdout"],
        seen=seen,
        never_seen=never_seen,
        asserts=asserts,
        needs=needs,
        options=_strings("options", block, fail),
        version=_strings("version", block, fail),
        under_fork=under_fork.strip(),
        **common,
    )


def body(template: Path) -> str:
    """Return the template with its front matter blanked out: each line keeps its number."""
    text = template.read_text("utf-8")
    match = _BLOCK.match(text)
    return "\n" * match[0].count("\n") + text[match.end() :] if match else text


def _why_none(text: str) -> str:
    """Say in which line a text has no front matter, and why."""
    wanted = "no front matter: the file must begin with /*--- or #---"
    beginning = BEGINNING.match(text)
    if beginning is None:
        return f"1: {wanted}"
    line, opening = beginning[0].count("\n") + 1, beginning[0].rpartition("\n")[2].lstrip("\ufeff")
    if beginning[0] in ("/*---", "#---"):
        closing = "---*/" if opening == "/*---" else opening
        return f"1: the front matter is not closed by a line {closing}"
    if text.startswith("\ufeff"):
        return f"{line}: {wanted}, not with a byte order mark"
    if line > 1:
        return f"{line}: {wanted}, and this is line {line}"
    return f"{line}: {wanted}, not with {opening!r}"


def _text(template: Path) -> str:
    try:
        return template.read_text("utf-8")
    except OSError as error:
        raise FrontMatterError(f"{template}:1: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = template.read_bytes()[: error.start].count(b"\n") + 1
        raise FrontMatterError(f"{template}:{line}: not UTF-8: {error.reason}") from error


def _read(template: Path, known: Iterable[str]) -> tuple[dict[str, Any], _Fail]:
    text = _text(template)
    match = _BLOCK.match(text)
    if match is None:
        raise FrontMatterError(f"{template}:{_why_none(text)}")
    yaml_text = (
        match["c"] if match["c"] is not None else textwrap.dedent(re.sub(r"^#", "", match["hash"], flags=re.MULTILINE))
    )

    def fail(key: str, problem: str) -> NoReturn:
        starts = re.compile(rf"#? ?{re.escape(key)}:")
        line = next((number for number, line in enumerate(text.splitlines(), 1) if starts.match(line)), 1)
        raise FrontMatterError(f"{template}:{line}: {key}: {problem}")

    try:
        block = yaml.load(yaml_text, _LOADER)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 2
        raise FrontMatterError(f"{template}:{line}: not YAML: {getattr(error, 'problem', error)}") from error
    except (ValueError, RecursionError) as error:  # what looks like a date or a number and is none; too many brackets
        raise FrontMatterError(f"{template}:2: not YAML: {error}") from error
    if _is_endless(block):
        raise FrontMatterError(f"{template}:2: front matter of more than {_MOST_PARTS} parts, or that holds itself")
    if not isinstance(block, dict):
        raise FrontMatterError(f"{template}:2: front matter must be a mapping")
    for key in map(str, block):
        if key not in known:
            fail(key, f"unknown key; known are {', '.join(sorted(known))}")
    return block, fail


def _is_endless(block: object) -> bool:
    """Say whether it is too large to be told of: by its aliases a short text of YAML is as large as one likes."""
    parts = [block]
    for number, part in enumerate(parts, 1):  # it grows meanwhile
        if number > _MOST_PARTS:
            return True
        if isinstance(part, dict | list):
            parts.extend([*part, *part.values()] if isinstance(part, dict) else part)
    return False


def _strings(key: str, block: Mapping[str, Any], fail: _Fail) -> tuple[str, ...]:
    """Check a list of strings that need not be there."""
    listed = block.get(key, [])
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        fail(key, f"{listed!r}: want a list of strings")
    return tuple(listed)


def _some_of(
    key: str, listed: Any, valid: Iterable[str], fail: _Fail, *, may_be_empty: bool = False
) -> tuple[str, ...]:
    """Check a list of words, each once and each of `valid`."""
    if not isinstance(listed, list) or not (listed or may_be_empty):
        fail(key, f"{listed or 'none'}: want some of {', '.join(valid)}")
    unknown = [str(word) for word in listed if not isinstance(word, str) or word not in valid]
    if unknown:
        fail(key, f"{', '.join(unknown)}: want some of {', '.join(valid)}")
    if len(set(listed)) < len(listed):
        fail(key, "one of them stands there twice")
    return tuple(listed)


def _linux(key: str, block: Mapping[str, Any], fail: _Fail, what: str) -> tuple[int, int] | None:
    """Check a Linux version that need not be there."""
    if key not in block:
        return None
    version = re.fullmatch(r"([0-9]+)\.([0-9]+)", block[key]) if isinstance(block[key], str) else None
    if version is None:
        fail(key, f"want {what}, quoted: '5.3'")
    return int(version[1]), int(version[2])


def _variants(mapping: Any, calls: Sequence[str], fail: _Fail) -> dict[str, tuple[str, ...]]:
    known = [name for name in VARIANTS if name]
    if not isinstance(mapping, dict) or not set(mapping) <= set(known):
        fail("variants", f"{mapping!r}: want a mapping from some of {', '.join(known)} to calls")
    return {name: _some_of("variants", listed, calls, fail) for name, listed in mapping.items()}


def _check_events(rules: Iterable[Rule], template: Path, fail: _Fail) -> None:
    """A rule about an event that is never written cannot fail (never), or says nothing but that (order, expect)."""
    text = body(template)
    written = set(_EVENT.findall(text))
    for part in _parts(_PART.findall(text), where_parts_lie(template)):
        written |= _names_and_events(part)[1]
    for rule in rules:
        unknown = sorted(rule.events - written)
        if unknown:
            key = {Order: "order", Expect: "expect", Never: "never"}[type(rule)]
            fail(key, f"{', '.join(unknown)}: the program writes no such event")


def _parts(names: list[str], folders: Sequence[Path]) -> set[Path]:
    """Return what a template extends and includes, and what that does; building it says what is not there."""
    found: set[Path] = set()
    while names:
        name = names.pop()
        part = next((path for folder in folders if (path := folder / name).is_file()), None)
        if part and part not in found:
            found.add(part)
            names += _names_and_events(part)[0]
    return found


@functools.cache  # the skeleton is a part of every case
def _names_and_events(part: Path) -> tuple[list[str], set[str]]:
    text = _text(part)
    return _PART.findall(text), set(_EVENT.findall(text))


def _check_sentences(block: Mapping[str, Any], fail: _Fail) -> None:
    """What a case promises stands somewhere, and what it says itself is said in sentences."""
    try:
        read_spec(block["spec"])
    except ValueError as error:
        fail("spec", str(error))
    for key in ("do", "must", "differs"):
        if key in block and not re.search(r"\.['\")]?$", str(block[key]).strip()):
            fail(key, "want sentences: the last one ends in a full stop")


def _check_level(level: Level, breakers: frozenset[str], fail: _Fail) -> None:
    """A plain fork keeps level posix, and neither suspends nor shares."""
    if level is Level.POSIX and "fork" in breakers:
        fail("level", "posix, but fails_under has fork: a plain fork keeps what POSIX promises")
    if level in (Level.SUSPENDS, Level.SHARES) and "fork" not in breakers:
        fail("level", f"{level.word}, but fails_under lacks fork: a plain fork {level.word} nothing")


def _common(template: Path, block: Mapping[str, Any], fail: _Fail) -> dict[str, Any]:
    id = id_of(template)
    if block.get("id") != id:
        fail("id", f"{block.get('id')!r} must be <folder>/<file name>: {id}")
    if not _SENTENCE.fullmatch(id.rpartition("/")[2]):
        fail("id", "must be a sentence in kebab-case")
    levels = {level.word: level for level in Level}
    if not isinstance(block.get("level"), str) or block["level"] not in levels:
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
    return {
        "id": block["id"],
        "level": levels[block["level"]],
        "spec": block["spec"].strip(),
        "do": block["do"].strip(),
        "must": block["must"].strip(),
        "fails_under": frozenset(breakers),
        "since": _linux("since", block, fail, "the first Linux version that promises it") or (0, 0),
        "template": template,
    }
