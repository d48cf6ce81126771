# SPDX-License-Identifier: MIT
"""What stands between a program and the kernel. One file = one interposer: a class derived from Interposer."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ...extending import Extension, class_name, found, is_built_in
from ...model import Boot, Mode, Observation, Program
from ...model.errors import said
from ...templates import places

if TYPE_CHECKING:
    from ...building.builder import Builder


class InterposerError(Exception):
    """The interposer cannot be booted; the message says why and what to do."""


class UnsupportedError(InterposerError):
    """This machine lacks what the interposer needs; the message says how to get it."""


class MistakeError(InterposerError):
    """What a class of somebody else's returns is not what it must; the message names the class."""


@dataclass(frozen=True)
class Settings:
    """What an interposer is made from: its mode, the builder (for those that are compiled here), its own options.

    `given` holds the values of its `options` that were given, by name.
    """

    mode: Mode
    builder: Builder
    given: Mapping[str, str] = field(default_factory=dict)


class Interposer(Extension):
    """Puts something between a program and the kernel.

    `modes` are those of ours that it knows; one of another kind has none. `logs_spawns` says whether `boot(log=...)`
    makes it log each spawn, in the very run that is judged. A class attribute `expectations` names the file of what it
    is known to break; by default that is conformance/expectations/<name>.toml, where there is one.
    """

    at_least = ("boot",)
    modes: ClassVar[tuple[Mode, ...]] = ()
    expectations: ClassVar[Path | None] = None

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def mistake(cls) -> str:
        """Say what is wrong with the class itself, nothing if nothing is."""
        if not (
            isinstance(cls.modes, tuple | list | set | frozenset) and all(isinstance(mode, Mode) for mode in cls.modes)
        ):
            return f"modes is {cls.modes!r}, want a tuple of Mode"
        if not isinstance(cls.expectations, Path | None):
            return f"expectations is {cls.expectations!r}, want a pathlib.Path"
        version = inspect.getattr_static(cls, "version")
        if not (isinstance(version, str) or hasattr(version, "__get__")):
            return f"version is {version!r}, want a string"
        return super().mistake()

    @classmethod
    def default_mode(cls, given: Mapping[str, str]) -> Mode:
        """Return the mode of a run that asks for none."""
        return Mode.NATIVE

    @classmethod
    def check(cls, mode: Mode, given: Mapping[str, str]) -> None:
        """Check mode and options against each other; raise ValueError, which says what is wrong."""

    @classmethod
    def check_cache(cls, mode: Mode, cache: Path) -> None:
        """Check that it can be started from the folder that holds what is compiled; raise ValueError, which says why.

        This is asked on this machine when a session starts; workers may be on others.
        """

    @classmethod
    def known_deviations(cls) -> Path | None:
        """Return the file of what it is known to break, if there is one."""
        shipped = places.folder("conformance") / "expectations" / f"{cls.name}.toml"
        return cls.expectations or (shipped if shipped.is_file() else None)

    @property
    def mode(self) -> Mode:
        """The mode that it was made for; native if it has no modes."""
        return self.settings.mode

    @property
    def mode_word(self) -> str:
        """The mode as reports write it; empty for an interposer that has none."""
        return self.mode.value if self.modes else ""

    @property
    def version(self) -> str:
        """Say which build of the interposer this is; empty if that is not known."""
        return ""

    @property
    def logs_spawns(self) -> bool:
        """Whether it can log each spawn in the run that is judged."""
        return False

    def boot(self, log: str | None = None) -> Boot:
        """Return what to put around a program; raise InterposerError. `log` names a file for spawn lines."""
        raise NotImplementedError(f"{type(self).__name__}.boot")

    def refuse(self, program: Program) -> str | None:
        """Say why this program cannot be interposed, and what can do it; None if it can."""
        return None

    def complain(self, probe: Observation) -> str | None:
        """Look at a run of `probe.c` under this interposer and say what is wrong with the interposition, or None.

        Raise UnsupportedError if it is this machine that forbids it.

        By default the program must have run at all: whether such an interposer really intercepts is what the suite
        finds out.
        """
        if any(event.name == "probe.spawned" for event in probe.events):
            return None
        how = "it did not end" if probe.status is None else f"wait status {probe.status}"
        return f"no program comes through {self.version or self.name!r}: {how}. {probe.stderr.strip()[-500:]}".strip()


def booted(interposer: Interposer, log: str | None = None) -> Boot:
    """Return what an interposer's `boot` does, checked; raise InterposerError. It may be somebody else's code."""
    return checked(type(interposer), "boot", lambda: interposer.boot() if log is None else interposer.boot(log=log))


def checked(kind: type[Extension], method: str, ask: Callable[[], Boot]) -> Boot:
    """Return what a method of somebody else's class makes, if it is a Boot that can be; raise InterposerError."""
    what = f"{class_name(kind)}.{method}"
    try:
        boot = ask()
    except InterposerError:
        raise
    except Exception as error:
        if is_built_in(kind):
            raise
        raise InterposerError(f"{what}: {type(error).__name__}: {said(error)}") from error
    if wrong := _what_is_wrong_with(boot):
        raise MistakeError(f"{what} returned {wrong}")
    return boot


def _what_is_wrong_with(boot: object) -> str:
    if not isinstance(boot, Boot):
        return f"{boot!r}, want a Boot"
    if not (isinstance(boot.prefix, tuple | list) and all(isinstance(word, str) for word in boot.prefix)):
        return f"a Boot whose prefix is {boot.prefix!r}, want a tuple of words"
    env = boot.env if isinstance(boot.env, Mapping) else {None: None}
    if not all(isinstance(text, str) for pair in env.items() for text in pair):
        return f"a Boot whose env is {boot.env!r}, want a mapping from strings to strings"
    return ""


def interposers(more: Iterable[type] = ()) -> dict[str, type[Interposer]]:
    """Return every interposer by name: ours, those of installed packages, and `more`."""
    return found(Interposer, sys.modules[__name__], more)


def probe(builder: Builder) -> Program:
    """Return the program that `Interposer.complain` looks at: it spawns, and writes what it sees of an interposer."""
    source = Path(__file__).with_name("probe.c").read_text("utf-8")
    program = builder.c_program("probe.c", source)
    return Program(program.source, (*program.argv, "{events}"))
