# SPDX-License-Identifier: MIT
"""The reference interposer: an object that is preloaded, or loads, and traps the calls by seccomp (running/shim)."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from ... import __version__
from ...building.own import shown
from ...extending import Option
from ...model import Boot, Mode, Observation
from . import Interposer, InterposerError, Settings, UnsupportedError

SOURCES = Path(__file__).parent.parent / "shim"
# shim.h: what prctl(VFORK_SHIM_PRCTL) answers, as an errno
_ANSWER_OF_FAULT = 0xE00
# Set to anything: the shim is built so that it holds itself to its invariants.
DEBUG = "PYTEST_VFORK_SHIM_DEBUG"
# Before, libpthread was an object of its own: its constructors run before ours, and call what is trapped by then.
_OLDEST_GLIBC = (2, 34)
# What cannot stand in its path: LD_PRELOAD is split at spaces and colons, and $ORIGIN and the like are replaced in it
# (ld.so(8)); VFORK_SHIM is split at commas (config.c).
_SPLITTING = {" ": "a space", ":": "a colon", ",": "a comma", "$": "a dollar sign"}
_NO_FILTER = "vfork-shim: cannot install the seccomp filter"  # shim/start.c
_ANSWERS = {Mode.NATIVE: errno.EINVAL, Mode.FORK: 0xF01, Mode.REISSUE: 0xF02, Mode.EMULATE: 0xF03}


class Shim(Interposer):
    """Boots our shim in one of its modes; in `native` there is nothing between the program and the kernel."""

    name = "shim"
    modes = tuple(Mode)
    options = (Option("fault", "NAME", "Let the shim deviate so on purpose, in mode emulate if none is given."),)

    def __init__(self, settings: Settings) -> None:
        from ...templates.faults import fault

        super().__init__(settings)
        name = settings.given.get("fault")
        self._fault = fault(name) if name else None
        self._builder = settings.builder

    @classmethod
    def default_mode(cls, given: Mapping[str, str]) -> Mode:
        """Return emulate where a fault is asked for: a deviation shows only where the shim acts."""
        return Mode.EMULATE if given.get("fault") else Mode.NATIVE

    @classmethod
    def check(cls, mode: Mode, given: Mapping[str, str]) -> None:
        """Check that there is such a fault, and that it has this mode; raise ValueError."""
        if not given.get("fault"):
            return
        from ...templates.faults import FaultError, fault

        try:
            modes = [mode.value for mode in fault(given["fault"]).modes]
        except FaultError as error:
            raise ValueError(f"--vfork-fault: {error}") from error
        if mode.value not in modes:
            wanted = " or ".join(modes)
            raise ValueError(f"--vfork-fault={given['fault']}: goes with --vfork-mode={wanted}, not with {mode.value}")

    @classmethod
    def check_cache(cls, mode: Mode, cache: Path) -> None:
        """Check that what loads the shim can carry where it lies; raise ValueError."""
        bad = next((name for letter, name in _SPLITTING.items() if letter in str(cache)), None)
        if bad and mode is not Mode.NATIVE:
            raise ValueError(
                f"the cache: {shown(cache)}: a path with {bad}, which LD_PRELOAD and VFORK_SHIM cannot carry, so that"
                " no shim can be loaded from there: set XDG_CACHE_HOME to another folder"
            )

    @property
    def version(self) -> str:
        """The package's version and a hash of the shim's sources."""
        digest = hashlib.sha256()
        for source in sorted(SOURCES.iterdir()):
            if source.suffix in (".c", ".h", ".S", ".def", ".lds"):
                digest.update(source.read_bytes())
        return f"{__version__}+{digest.hexdigest()[:12]}"

    @property
    def logs_spawns(self) -> bool:
        """In native mode the shim is not there to log."""
        return self.mode is not Mode.NATIVE

    def boot(self, log: str | None = None) -> Boot:
        """Compile the shim, if need be, and return what loads it; raise InterposerError."""
        from ...building.builder import (
            CompileError,  # what renders and compiles is heavy, and options only ask for our modes
        )

        if self.mode is Mode.NATIVE:
            return Boot()
        if self._builder.machine != "x86_64":
            raise UnsupportedError(f"the shim is for x86_64, and programs run on {self._builder.machine} here")
        libc, version = platform.libc_ver()
        if libc == "glibc" and tuple(map(int, version.split(".")[:2])) < _OLDEST_GLIBC:
            raise InterposerError(f"the shim needs glibc 2.34 or newer; this machine has {version}")
        try:
            self.check_cache(self.mode, self._builder.cache.root)
        except ValueError as error:
            raise InterposerError(str(error)) from error
        try:
            shared_object = self._builder.shared_object("vfork-shim.so", sources(), flags(self._builder.cc))
        except CompileError as error:
            raise InterposerError(f"the shim does not compile: {error}") from error
        if log and "," in log:
            raise InterposerError(f"the log of spawns, {log}: VFORK_SHIM cannot carry a path with a comma")
        armed = f",fault={self._fault.name}" if self._fault else ""
        config = f"mode={self.mode.value}{armed}" + (f",log={log}" if log else "")
        # Its file is a command too, which starts what nothing can be preloaded into.
        return Boot((str(shared_object),), {"LD_PRELOAD": str(shared_object), "VFORK_SHIM": config})

    def complain(self, probe: Observation) -> str | None:
        """Hold what the probe's prctl answered against the mode and the fault."""
        answers = [event.value for event in probe.events if event.name == "probe.answer"]
        faults = [event.value for event in probe.events if event.name == "probe.fault"]
        if answers == [_ANSWERS[self.mode]]:
            if faults == [_ANSWER_OF_FAULT + self._fault.number if self._fault else errno.EINVAL]:
                return None
            return f"the shim does not commit the fault that was asked for: the probe's answer was {faults}"
        heard = {value: mode.value for mode, value in _ANSWERS.items()}.get(
            answers[0] if answers else 0, "nothing at all"
        )
        if _NO_FILTER in probe.stderr:
            raise UnsupportedError(
                "the shim needs seccomp filters, and this machine refuses them: a kernel with CONFIG_SECCOMP_FILTER,"
                " and no sandbox that forbids seccomp(2)"
            )
        complaint = f"the shim in mode {self.mode.value} does not intercept: the probe found {heard}"
        return f"{complaint}. {probe.stderr.strip()}" if probe.stderr.strip() else complaint


def sources() -> list[Path]:
    """The sources of the shim, C and assembly."""
    return sorted(source for source in SOURCES.iterdir() if source.suffix in (".c", ".S"))


def flags(cc: Sequence[str]) -> list[str]:
    """The flags that this compiler makes the shim with: two linkers know two ways to place an object."""
    if "ziglang" in cc:
        of_linker = [f"-Wl,-T,{SOURCES / 'home.lds'}"]
    else:
        of_linker = (SOURCES / "flags-gnu.txt").read_text("utf-8").split()
    asserts = ["-DVFORK_SHIM_DEBUG"] if os.environ.get(DEBUG) else []  # shim/invariants.h
    return [*(SOURCES / "flags.txt").read_text("utf-8").split(), *of_linker, *asserts]
