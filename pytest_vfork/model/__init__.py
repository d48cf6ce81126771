# SPDX-License-Identifier: MIT
"""The nouns of the pipeline: frozen, without I/O. docs/design.md has the words."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from pathlib import Path

from .rules import Rule


class Mode(str, Enum):
    """What our interposer does with a vfork-family call."""

    NATIVE = "native"
    FORK = "fork"
    REISSUE = "reissue"
    EMULATE = "emulate"


class Level(IntEnum):
    """What an interposer can claim; each level contains those before it."""

    POSIX = 0
    SUSPENDS = 1
    SHARES = 2
    LINUX = 3

    @property
    def word(self) -> str:
        """The level as options and reports write it."""
        return self.name.lower()


class Outcome(str, Enum):
    """How a case ended; broken (we failed) never counts as pass or fail."""

    PASS = "pass"
    FAIL = "fail"
    XFAIL = "xfail"
    XPASS = "xpass"
    UNSUPPORTED = "unsupported"
    BROKEN = "broken"


AREAS = ("suspension", "signals", "memory", "identity", "copies", "arguments", "ptrace", "spawn", "cost")
# What users of a program that spawns rely on; a workload says which of them it asserts.
ASSERTIONS = (
    "statuses", "output", "errors", "environment", "cwd", "descriptors", "groups", "signals", "concurrency",
    "large-parent", "large-pipes", "timeouts",
)  # fmt: skip

CALLS_OF_LIBC = ("posix_spawn", "posix_spawnp", "system", "popen")  # which make a child that is libc's own
CALLS = ("vfork", "libc-vfork", "clone", "clone-stack", "clone3", "clone3-stack", *CALLS_OF_LIBC)


@dataclass(frozen=True)
class Case:
    """One requirement made executable: a template of a C program, rendered once for each call.

    `since` is the first Linux version (major, minor) that promises it, `until` the first that does so no more, if there
    is one; `fails_under` names the modes and faults that
    break it; `needs` is what the site must have (templates/needs.py); `differs` says where Linux versions or libcs do;
    `variants` maps other builds of the program (templates/variants.py) to the calls that are made in them too.
    """

    id: str
    level: Level
    spec: str
    do: str
    must: str
    calls: tuple[str, ...]
    rules: tuple[Rule, ...]
    fails_under: frozenset[str]
    template: Path
    since: tuple[int, int] = (0, 0)
    needs: tuple[str, ...] = ()
    differs: str = ""
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    until: tuple[int, int] | None = None

    @property
    def items(self) -> list[tuple[str, str]]:
        """Each call with each variant that it is made in; "" is the plain one."""
        others = [(call, variant) for variant, calls in self.variants.items() for call in calls]
        return [*((call, "") for call in self.calls), *others]


@dataclass(frozen=True)
class Workload:
    """One real program that spawns: a template of its source in its own language.

    `seen` maps patterns (model/census.py) to how often, at least, the program must be seen to make such calls, and
    `never_seen` holds those that it must not make; a workload that took another path is broken. `asserts` are some of
    ASSERTIONS. `needs` maps commands that must end well, or it is unsupported, to the Debian packages that make them.
    `options` go to its language (templates/languages.py), `version` is the command that tells the version of the
    program. `under_fork` says what a user would see if vfork were fork.
    """

    id: str
    level: Level
    spec: str
    do: str
    must: str
    stdout: str
    seen: Mapping[str, int]
    needs: Mapping[str, str]
    fails_under: frozenset[str]
    template: Path
    since: tuple[int, int] = (0, 0)
    never_seen: tuple[str, ...] = ()
    asserts: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    under_fork: str = ""

    @property
    def language(self) -> str:
        """The suffix of its source."""
        return self.template.name.removesuffix(".j2").rpartition(".")[2]


@dataclass(frozen=True)
class Event:
    """One line that a running case wrote.

    `seq` is its place in the one total order; `value` is what the program had to say.
    """

    seq: int
    name: str
    pid: int
    tid: int
    value: int

    def __str__(self) -> str:
        return f"{self.seq:3}  {self.name:<28} pid={self.pid} tid={self.tid} value={self.value}"


@dataclass(frozen=True)
class Spawn:
    """One making of a process or thread, as the program asked for it (seen by the shim's log)."""

    call: str
    flags: int
    stack: int
    pid: int
    tid: int
    child: int
    exe: str

    CLONE_VM = 0x100  # linux/sched.h
    CLONE_VFORK = 0x4000  # linux/sched.h
    CLONE_THREAD = 0x10000  # linux/sched.h

    @property
    def word(self) -> str:
        """The call in the words of docs/design.md; `fork` and `thread` for what is not of the vfork family."""
        if self.flags & self.CLONE_THREAD:
            return "thread"
        if self.call == "vfork":
            return "vfork"
        if not self.flags & (self.CLONE_VM | self.CLONE_VFORK):
            return "fork"
        return f"{self.call}-stack" if self.stack else self.call


@dataclass(frozen=True)
class Refusal:
    """A program that the shim would not start, because it would lose it: static, or with other rights."""

    exe: str
    why: str


@dataclass(frozen=True)
class ThreadState:
    """Where a thread was when the deadline passed (proc(5): state, wchan, syscall).

    `shares` says what its process has in common with its parent (observers/kcmp.py), separated by commas.
    """

    pid: int
    tid: int
    comm: str
    state: str
    wchan: str
    syscall: str
    shares: str = ""

    def __str__(self) -> str:
        where = (
            f"{self.comm} pid={self.pid} tid={self.tid} state={self.state} wchan={self.wchan} syscall={self.syscall}"
        )
        return f"{where} shares={self.shares} with its parent" if self.shares else where


@dataclass(frozen=True)
class Observation:
    """The facts of one run.

    `status` is a raw wait status (wait(2)), None when the deadline passed; times in seconds. `unseen` says why nothing
    here could see the spawns of a workload. `cpu_s` is the CPU time that the program and all that it started got,
    `runnable_s` for how long those that lived at the deadline had wanted a CPU and got none, at most `elapsed_s`.
    `alarms` is what the kernel complained of meanwhile, where it can be heard.
    """

    events: tuple[Event, ...]
    status: int | None
    stdout: str
    stderr: str
    elapsed_s: float
    where: tuple[ThreadState, ...] = ()
    left_behind: tuple[str, ...] = ()
    spawns: tuple[Spawn, ...] = ()
    unseen: str = ""
    cpu_s: float = 0.0
    runnable_s: float = 0.0
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """An outcome and one sentence of why; `expected` and `seen` are empty unless a rule broke."""

    outcome: Outcome
    why: str
    expected: str = ""
    seen: str = ""


@dataclass(frozen=True)
class Expectation:
    """A known deviation of one interposer.

    Empty `calls`, `modes` and `variants` mean all; `cases` may hold shell wildcards. With `without`, names of needs
    (templates/needs.py), it speaks only of a site that lacks one of them. `versions` is a range of the interposer's own
    version (">=7.2,<11"); empty means all. One that is there `sometimes` is a race of the interposer.
    """

    cases: tuple[str, ...]
    outcome: Outcome
    reason: str
    link: str
    calls: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    versions: str = ""
    sometimes: bool = False


@dataclass(frozen=True)
class Program:
    """Something a site can start: its source as generated and the command line that starts it."""

    source: Path
    argv: tuple[str, ...]


@dataclass(frozen=True)
class Boot:
    """What an interposer puts around a program.

    `prefix` is a command before it, in which "{argv}" marks the program's place; `env` is added to its environment.
    """

    prefix: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def wrap(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """Return the command line that starts `argv` under the interposer."""
        if "{argv}" not in self.prefix:
            return (*self.prefix, *argv)
        place = self.prefix.index("{argv}")
        return (*self.prefix[:place], *argv, *self.prefix[place + 1 :])


def item_name(id: str, call: str, variant: str = "") -> str:
    """Return what an item is called in ids, reports and files: case:call+variant; a workload has its id alone."""
    return id + (f":{call}" if call else "") + (f"+{variant}" if variant else "")


def describe_status(status: int) -> str:
    """Say a raw wait status as the rules write it: exited(0), killed(SIGKILL), stopped(SIGSTOP)."""
    if os.WIFEXITED(status):
        return f"exited({os.WEXITSTATUS(status)})"
    if os.WIFSTOPPED(status):
        return f"stopped({signal_name(os.WSTOPSIG(status))})"
    if os.WIFSIGNALED(status):
        return f"killed({signal_name(os.WTERMSIG(status))})"
    return str(status)


def signal_name(number: int) -> str:
    """Return SIGKILL for 9; a number for a real-time signal, which has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
