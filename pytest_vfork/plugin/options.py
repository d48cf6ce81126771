# SPDX-License-Identifier: MIT
"""The options: on the command line as --vfork-NAME, in ini files as vfork_NAME. They are read once, here.

What belongs to an interposer, a site, an observer or a reporter is declared by it (its `options`) and handed to it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..extending import Extension, ExtensionError, Option
from ..model import CALLS, Level, Mode
from ..model.words import words
from ..reporters import Reporter, reporters
from ..running.interposers import Interposer, interposers
from ..running.observers import Observer, observers
from ..running.sites import Site, choose_site, sites

_OPTIONS = (
    Option(
        "mode",
        "MODE",
        "Do this with a call of the vfork family: native, fork, reissue or emulate (default: native).",
    ),
    Option("interposer", "NAME", "Put this between the programs and the kernel (default: shim)."),
    Option("site", "NAME[:WHERE]", "Run the programs there (default: local, this machine)."),
    Option("observer", "NAME", "Let this look on from outside, besides (default: none)."),
    Option(
        "claim",
        "LEVEL",
        "Hold the run to this level: posix, suspends, shares or linux (default: posix in mode fork, else linux).",
    ),
    Option("calls", "LIST", f"Run only these calls, separated by commas: {', '.join(CALLS)}."),
    Option(
        "expectations",
        "FILE.toml",
        "Read the known deviations of the interposer from this file (default: those that we know of).",
    ),
    Option("deadline", "SECONDS", "Give one program so many seconds (default: 60)."),
    Option(
        "cc",
        "CMD",
        (
            "Use this C compiler (default: $CC, else cc, gcc or clang, else zig from PyPI; but tcc from PyPI "
            "for what it takes)."
        ),
    ),
)
# Options without a value, which an ini file cannot set.
SWITCHES = {
    "list-faults": "Tell every fault that --vfork-fault takes, and end.",
    "allow-unexplained": "Take expectations whose reason is still '?'.",
}
CASES = Option(
    "cases",
    "FOLDER",
    "Collect this folder of cases and workloads of your own like ours, and together with them; may be repeated.",
)


@dataclass(frozen=True)
class Kinds:
    """Every extension that can be chosen, by name."""

    interposers: Mapping[str, type[Interposer]]
    sites: Mapping[str, type[Site]]
    observers: Mapping[str, type[Observer]]
    reporters: Mapping[str, type[Reporter]]

    @classmethod
    def found(cls, more: Iterable[type] = ()) -> Kinds:
        """Find ours, those of installed packages, and `more`."""
        more = tuple(more)
        return cls(interposers(more), sites(more), observers(more), reporters(more))

    def __iter__(self) -> Iterator[type[Extension]]:
        for kinds in (self.interposers, self.sites, self.observers, self.reporters):
            yield from kinds.values()


@dataclass(frozen=True)
class Options:
    """What the user asked for, checked.

    `given` holds the values of all options that were set, by name, as they were written.
    """

    mode: Mode
    interposer: type[Interposer]
    site: type[Site]
    where: str
    observer: type[Observer] | None
    claim: Level
    calls: tuple[str, ...]
    expectations: Path | None
    deadline_s: float
    cc: str | None
    kinds: Kinds
    given: Mapping[str, str]
    allows_unexplained: bool = False

    def of(self, kind: type[Extension]) -> dict[str, str]:
        """Return the values of an extension's own options that were given."""
        return {option.name: self.given[option.name] for option in kind.options if option.name in self.given}


def own_options() -> tuple[Option, ...]:
    """Return the options that are no extension's."""
    return _OPTIONS


def add_options(parser: pytest.Parser) -> None:
    """Declare our own options, for the command line and for ini files."""
    group = parser.getgroup("vfork", "vfork conformance")
    for name, what in SWITCHES.items():
        group.addoption(f"--vfork-{name}", action="store_true", help=what)
    add_more(parser, _OPTIONS)
    try:
        kinds = Kinds.found()
    except ExtensionError as error:  # of a package that is installed
        raise pytest.UsageError(f"vfork: {error}") from error
    for kind in kinds:
        add_more(parser, kind.options)


def add_more(parser: pytest.Parser, options: Iterable[Option]) -> None:
    """Declare options, but for those that are declared already (two extensions may share one)."""
    group = parser.getgroup("vfork", "vfork conformance")
    for option in options:
        with suppress(ValueError):  # it is declared already
            group.addoption(
                f"--vfork-{option.name}", dest=f"vfork_{option.name}", metavar=option.metavar, help=option.help
            )
            parser.addini(f"vfork_{option.name}", option.help)


def read_options(config: pytest.Config, kinds: Kinds) -> Options:
    """Read the options of a session, the command line before the ini file; raise pytest.UsageError for a bad value."""
    given = given_options(config, kinds)

    def choose(name: str, default: str, valid: Iterable[str]) -> str:
        value = given.get(name, default)
        if value not in valid:
            raise pytest.UsageError(f"--vfork-{name}: {value!r} is not one of {', '.join(valid)}")
        return value

    interposer = kinds.interposers[choose("interposer", "shim", sorted(kinds.interposers))]
    try:
        site, where = choose_site(given.get("site", "local"), kinds.sites)
    except ValueError as error:
        raise pytest.UsageError(f"--vfork-site: {error}") from error
    observer = kinds.observers[choose("observer", "", sorted(kinds.observers))] if "observer" in given else None
    mode = Mode(choose("mode", interposer.default_mode(given).value, [mode.value for mode in Mode]))
    if "mode" in given and mode not in interposer.modes:
        has = ", ".join(mode.value for mode in interposer.modes) or "no modes"
        raise pytest.UsageError(f"--vfork-mode={mode.value}: interposer {interposer.name} has {has}")
    for others, chosen, what in (
        (kinds.interposers, interposer, "interposer"),
        (kinds.sites, site, "site"),
    ):
        _check_owners(given, others, chosen, what)
    levels = {level.word: level for level in Level}
    claim = levels[choose("claim", "posix" if mode is Mode.FORK else "linux", list(levels))]
    options = Options(
        mode=mode,
        interposer=interposer,
        site=site,
        where=where,
        observer=observer,
        claim=claim,
        calls=_calls(given.get("calls", ",".join(CALLS))),
        expectations=config.invocation_params.dir / given["expectations"] if "expectations" in given else None,
        deadline_s=_seconds(given.get("deadline", "60")),
        cc=given.get("cc"),
        kinds=kinds,
        given=given,
        allows_unexplained=config.option.vfork_allow_unexplained,
    )
    try:
        interposer.check(mode, options.of(interposer))
        site.check(where, options.of(site))
        if options.cc:
            words(options.cc, "--vfork-cc")
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    return options


def _check_owners(
    given: Mapping[str, str], kinds: Mapping[str, type[Extension]], chosen: type[Extension], what: str
) -> None:
    """Refuse an option that only goes with another interposer or site than the one that was chosen."""
    for name in given:
        owners = [kind for kind in kinds.values() if name in (option.name for option in kind.options)]
        if owners and chosen not in owners:
            wanted = " or ".join(f"--vfork-{what}={owner.name}" for owner in owners)
            raise pytest.UsageError(f"--vfork-{name} goes with {wanted}, not with {chosen.name}")


def list_faults() -> Iterator[str]:
    """Return a line or two for each fault: its name, then what goes wrong and what it models."""
    from ..templates.faults import faults

    for one in faults().values():
        yield f"{one.name} ({', '.join(one.areas)})"
        yield f"    {one.title} As in: {one.models}."


def given_options(config: pytest.Config, kinds: Kinds) -> dict[str, str]:
    """Return the options of ours and of the extensions that are set, in the order of their declaration."""
    names = dict.fromkeys(
        [option.name for option in _OPTIONS] + [option.name for kind in kinds for option in kind.options]
    )
    values = {name: config.getoption(f"vfork_{name}", None) or config.getini(f"vfork_{name}") for name in names}
    return {name: str(value) for name, value in values.items() if value}


def rerun_flags(options: Options) -> str:
    """Return the options of ours that make a run the same as this one: all but what the reporters write."""
    of_reporters = {option.name for kind in options.kinds.reporters.values() for option in kind.options}
    values = {name: value for name, value in options.given.items() if name not in of_reporters and name != "calls"}
    if options.expectations:
        values["expectations"] = str(options.expectations)
    return " ".join(f"--vfork-{name}={shlex.quote(value)}" for name, value in values.items())


def _calls(text: str) -> tuple[str, ...]:
    calls = tuple(call.strip() for call in text.split(","))
    unknown = [call for call in calls if call not in CALLS]
    if unknown:
        raise pytest.UsageError(f"--vfork-calls: {', '.join(map(repr, unknown))}: want some of {', '.join(CALLS)}")
    return calls


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 86400:
        raise pytest.UsageError(f"--vfork-deadline: {text!r} is not a number of seconds between 0 and 86400")
    return seconds
