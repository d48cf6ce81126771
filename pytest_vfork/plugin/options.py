# SPDX-License-Identifier: MIT
"""The options: on the command line as --vfork-NAME, in ini files as vfork_NAME."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..model import CALLS, Level, Mode
from ..templates.faults import FaultError, fault, faults

_OPTIONS = {
    "mode": (
        "MODE",
        "what the interposer does with a vfork-family call: native, fork, reissue or emulate (default: native)",
    ),
    "fault": ("NAME", "a deviation that the shim shall commit on purpose, in mode emulate if none is given"),
    "interposer": ("NAME", "what to put between the programs and the kernel (default: shim)"),
    "command": ("'PREFIX {argv}'", "with --vfork-interposer=command: how to start a program under it"),
    "site": ("NAME", "where the programs run: local, kernel:SERIES, kernel:PATH, command, uml (default: local)"),
    "site-command": ("'CMD {agent}'", "with --vfork-site=command: what reaches the agent, as in 'ssh box {agent}'"),
    "claim": (
        "LEVEL",
        "the level that the run is held to: posix, suspends, shares or linux (default: posix in mode fork, else linux)",
    ),
    "calls": ("LIST", f"only these calls, separated by commas: {', '.join(CALLS)}"),
    "record": ("FILE.jsonl", "write facts and verdicts of the run to this file, one JSON object a line"),
    "expectations": ("FILE.toml", "known deviations of the interposer"),
    "deadline": ("SECONDS", "how long one program may take (default: 60)"),
    "cc": ("CMD", "the C compiler (default: $CC, else cc, gcc or clang, else zig from PyPI)"),
}


@dataclass(frozen=True)
class Options:
    """What the user asked for, checked. `given` holds the names of the options that were set at all.

    An interposer that has no `modes` of ours is always in mode native.
    """

    mode: Mode
    fault: str | None
    interposer: str
    modes: tuple[Mode, ...]
    command: tuple[str, ...]
    claim: Level
    calls: tuple[str, ...]
    record: Path | None
    expectations: Path | None
    deadline_s: float
    cc: str | None
    given: frozenset[str]
    site: str = "local"
    site_command: str = ""

    @property
    def mode_word(self) -> str:
        """The mode as reports write it; empty for an interposer that has none."""
        return self.mode.value if self.modes else ""


def add_options(parser: pytest.Parser) -> None:
    """Declare every option, for the command line and for ini files."""
    group = parser.getgroup("vfork", "vfork conformance")
    for name, (metavar, help) in _OPTIONS.items():
        group.addoption(f"--vfork-{name}", dest=_dest(name), metavar=metavar, help=help)
        parser.addini(_dest(name), help)
    group.addoption(
        "--vfork-list-faults", action="store_true", help="tell every fault that --vfork-fault takes, and end"
    )


def read_options(
    config: pytest.Config, interposers: Iterable[str], modes_of: Callable[[str], tuple[Mode, ...]]
) -> Options:
    """Read the options of a session, the command line before the ini file; raise pytest.UsageError for a bad value.

    `modes_of` tells the modes of an interposer.
    """
    values = _values(config)

    def choose(name: str, default: str, valid: Iterable[str]) -> str:
        value = values[name] or default
        if value not in valid:
            raise pytest.UsageError(f"--vfork-{name}: {value!r} is not one of {', '.join(valid)}")
        return str(value)

    mode = Mode(choose("mode", "emulate" if values["fault"] else "native", [mode.value for mode in Mode]))
    interposer = choose("interposer", "shim", sorted(interposers))
    modes = modes_of(interposer)
    if values["mode"] and mode not in modes:
        has = ", ".join(mode.value for mode in modes) or "no modes"
        raise pytest.UsageError(f"--vfork-mode={mode.value}: interposer {interposer} has {has}")
    if values["fault"]:
        _check_fault(values["fault"], mode, interposer)
    if values["command"] and interposer != "command":
        raise pytest.UsageError("--vfork-command goes with --vfork-interposer=command")
    levels = {level.word: level for level in Level}
    claim = levels[choose("claim", "posix" if mode is Mode.FORK else "linux", list(levels))]
    calls = tuple(call.strip() for call in (values["calls"] or ",".join(CALLS)).split(","))
    unknown = [call for call in calls if call not in CALLS]
    if unknown:
        raise pytest.UsageError(f"--vfork-calls: {', '.join(map(repr, unknown))}: want some of {', '.join(CALLS)}")
    invocation = config.invocation_params.dir
    return Options(
        mode=mode,
        fault=values["fault"],
        interposer=interposer,
        modes=modes,
        command=tuple(shlex.split(values["command"] or "")),
        claim=claim,
        calls=calls,
        record=invocation / values["record"] if values["record"] else None,
        expectations=invocation / values["expectations"] if values["expectations"] else None,
        deadline_s=_seconds(values["deadline"] or "60"),
        cc=values["cc"],
        site=_site(values["site"] or "local"),
        site_command=values["site-command"] or "",
        given=frozenset(name for name, value in values.items() if value),
    )


def list_faults() -> Iterator[str]:
    """Return a line or two for each fault: its name, then what goes wrong and what it models."""
    for one in faults().values():
        yield f"{one.name} ({', '.join(one.areas)})"
        yield f"    {one.title} As in: {one.models}."


def are_given(config: pytest.Config) -> bool:
    """Say whether any option of ours is set: this is a run of the suite."""
    return any(_values(config).values())


def _values(config: pytest.Config) -> dict[str, Any]:
    return {name: config.getoption(_dest(name)) or config.getini(_dest(name)) or None for name in _OPTIONS}


def _dest(name: str) -> str:
    return "vfork_" + name.replace("-", "_")


def rerun_flags(options: Options) -> str:
    """Return the options of ours that make a run the same as this one."""
    values = {
        "mode": options.mode.value,
        "fault": options.fault or "",
        "interposer": options.interposer,
        "command": " ".join(part if part == "{argv}" else shlex.quote(part) for part in options.command),
        "claim": options.claim.word,
        "expectations": str(options.expectations),
        "deadline": f"{options.deadline_s:g}",
        "cc": options.cc or "",
        "site": options.site,
        "site-command": options.site_command,
    }
    return " ".join(f"--vfork-{name}={shlex.quote(value)}" for name, value in values.items() if name in options.given)


def _check_fault(name: str, mode: Mode, interposer: str) -> None:
    if interposer != "shim":
        raise pytest.UsageError(f"--vfork-fault={name}: the faults are the shim's; {interposer} has none")
    try:
        modes = [mode.value for mode in fault(name).modes]
    except FaultError as error:
        raise pytest.UsageError(f"--vfork-fault: {error}") from error
    if mode.value not in modes:
        raise pytest.UsageError(
            f"--vfork-fault={name}: goes with --vfork-mode={' or '.join(modes)}, not with {mode.value}"
        )


def _site(text: str) -> str:
    from ..running import sites

    if text.partition(":")[0] not in sites.names():
        raise pytest.UsageError(f"--vfork-site: {text!r} is not one of {', '.join(sites.names())}")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 86400:
        raise pytest.UsageError(f"--vfork-deadline: {text!r} is not a number of seconds between 0 and 86400")
    return seconds


def default_expectations(folder: Path, interposer: str) -> Path | None:
    """Return the file of known deviations that we ship for an interposer, if there is one."""
    path = folder / "expectations" / f"{interposer}.toml"
    return path if path.is_file() else None
