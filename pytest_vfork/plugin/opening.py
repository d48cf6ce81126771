# SPDX-License-Identifier: MIT
"""Puts together what the options name: a session, the reporters, and the facts that stand at the head of a report."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .. import __version__
from ..judging.expectations import read_expectations, speaks_of
from ..model import Expectation
from ..reporters import Reporter
from ..running.interposers import Interposer, Settings
from .options import Options, rerun_flags

if TYPE_CHECKING:
    from ..building.builder import Builder
    from ..running.session import Session
    from ..running.sites import Site


def open_session(options: Options, ids: Iterable[str]) -> Session:
    """Boot what the options name; raise InterposerError, SiteError, NoCompilerError or ExpectationError.

    `ids` are those that an expectation may speak of.
    """
    from ..building.builder import Builder
    from ..running.session import Session

    known = known_deviations(options, ids)
    observer = options.observer() if options.observer else None
    builder = Builder.of_user(options.cc)
    site = options.site(builder, options.where, options.of(options.site))
    try:
        interposer = _interposer(options, builder.for_machine(site.machine))
    except BaseException:
        site.close()
        raise
    return Session(
        interposer,
        site,
        [one for one in known if speaks_of(one, interposer.version)],
        observer=observer,
        deadline_s=options.deadline_s,
        asks_versions="record" in options.given,
    )


def asked_reporters(options: Options) -> list[tuple[type[Reporter], Mapping[str, str]]]:
    """Return the reporters that the options ask for, and those that take part in every run, with their options."""
    asked = ((kind, options.of(kind)) for kind in options.kinds.reporters.values())
    return [(kind, given) for kind, given in asked if given or not kind.options]


def check_outputs(options: Options, folder: Path) -> None:
    """See that what the reporters will write can be written, each to a file of its own; raise pytest.UsageError.

    Folders that are not there are made.
    """
    named: dict[Path, str] = {}
    for kind in options.kinds.reporters.values():
        for path in kind.outputs(options.of(kind), folder):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise pytest.UsageError(f"--vfork-{kind.name}: {path}: {error.strerror}") from error
            if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
                why = "is a directory" if path.is_dir() else "cannot be written"
                raise pytest.UsageError(f"--vfork-{kind.name}: {path} {why}")
            other = named.setdefault(path.resolve(), kind.name)
            if other != kind.name:
                raise pytest.UsageError(f"--vfork-{kind.name}: {path}: --vfork-{other} writes it already")


def known_deviations(options: Options, ids: Iterable[str]) -> tuple[Expectation, ...]:
    """Read the expectations that the options name, or those that the interposer brings; raise ExpectationError."""
    path = options.expectations or options.interposer.known_deviations()
    if path is None:
        return ()
    return read_expectations(path, ids, allows_unexplained=options.allows_unexplained)


def describe_run(options: Options) -> dict[str, Any]:
    """Return the facts of a run that stand at the head of every report (docs/record.md)."""
    interposer = _interposer(options, _builder(options))
    site = options.site(interposer.settings.builder, options.where, options.of(options.site))
    return {
        "pytest_vfork": __version__,
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "interposer": interposer.name,
        "interposer_version": interposer.version,
        "mode": interposer.mode_word or None,
        "fault": options.given.get("fault"),
        "command": options.given.get("command"),
        "flags": rerun_flags(options),
        "claim": options.claim.word,
        "calls": list(options.calls),
        "deadline_s": options.deadline_s,
        **_describe(site),
    }


def _describe(site: Site) -> Mapping[str, str]:
    """Ask a site what runs there; one that cannot be reached makes no report fail."""
    from ..running.sites import SiteError

    try:
        return site.describe()
    except SiteError as error:
        return {"site": f"{site.name} ({error})", "kernel": "?", "libc": "?", "machine": "?"}
    finally:
        site.close()


def introduce(options: Options, items: int) -> str:
    """Return the line that a run begins with: what is run, under what, where, and how it is compiled."""
    builder = _compiling_builder(options)
    interposer = _interposer(options, builder)
    under = [f"interposer {interposer.name} {interposer.version}".strip()]
    if interposer.mode_word:
        under.append(f"mode {interposer.mode_word}")
    if "fault" in options.given:
        under.append(f"fault {options.given['fault']}")
    where = f"{options.site.name}:{options.where}" if options.where else options.site.name
    compilers = [builder.quick.name] if builder.quick else []
    cc = ", ".join([*compilers, *filter(None, [" ".join(builder.cc)])]) or "none"
    return f"vfork: {__version__}, {items} items; {', '.join(under)}; site {where}; cc {cc}"


def _builder(options: Options) -> Builder:
    """Return a builder; what is described compiles nothing, unless it is on a machine that has to be asked."""
    from ..building.builder import Builder
    from ..building.cache import Cache

    return Builder(Cache.of_user(), ()) if options.site.name == "local" else _compiling_builder(options)


def _compiling_builder(options: Options) -> Builder:
    """Return a builder with the compilers that there are, if any."""
    from ..building.builder import Builder
    from ..building.cache import Cache
    from ..building.toolchain import NoCompilerError

    try:
        return Builder.of_user(options.cc)
    except NoCompilerError:
        return Builder(Cache.of_user(), ())


def _interposer(options: Options, builder: Builder) -> Interposer:
    return options.interposer(Settings(options.mode, builder, options.of(options.interposer)))
