# SPDX-License-Identifier: MIT
"""A booted session: an interposer on a site, ready to run programs, cases and workloads."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

from ..building.builder import Builder, CompileError
from ..building.cache import CacheError
from ..building.toolchain import NoCompilerError
from ..judging.expectations import apply_expectation, find_expectation
from ..judging.verdict import judge_case, judge_workload
from ..model import Boot, Case, Expectation, Mode, Observation, Outcome, Program, Verdict, Workload
from ..model.result import Result
from ..templates import languages
from ..templates.needs import OF_ALL, of_item
from . import spawns
from .interposers import Interposer, InterposerError, UnsupportedError, booted, checked, probe
from .observers import Observer
from .present import Inventory
from .sites import Launch, Site, SiteError

_CLONE3_SINCE = (5, 3)
# What a kernel answers when there is no more of it: memory, processes, descriptors, disk.
RUN_OUT = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT)
DEADLINE_S = 60.0


@dataclass(frozen=True)
class BootedInterposer:
    """An interposer that was seen to intercept; `run` starts a program under it."""

    name: str
    mode: Mode
    version: str
    boot: Boot
    site: Site
    deadline_s: float

    def run(self, program: Program, *arguments: str, deadline_s: float | None = None) -> Observation:
        """Start the program under this interposer and return the facts.

        In the arguments, `{events}` is the path of the event file.
        """
        launched = replace(program, argv=(*program.argv, *arguments))
        return self.site.run(Launch(launched, self.boot, deadline_s or self.deadline_s))


class Session:
    """All that is made once in a process. Making it boots and checks the interposer; raises InterposerError.

    If this machine lacks what the interposer or the observer needs, `unsupported` says so, and so does every verdict.
    `deadline_s` is how long one program may take; `asks_versions` says whether the results of workloads shall name the
    version of their program, which costs.
    """

    def __init__(
        self,
        interposer: Interposer,
        site: Site,
        expectations: Sequence[Expectation] = (),
        *,
        observer: Observer | None = None,
        deadline_s: float = DEADLINE_S,
        asks_versions: bool = False,
    ) -> None:
        self.builder: Builder = interposer.settings.builder
        self._interposer = interposer
        self._observer = observer
        self._expectations = expectations
        self._asks_versions = asks_versions
        self.unsupported, boot = observer.lacks() if observer else "", Boot()
        try:
            boot = booted(interposer)
        except UnsupportedError as error:
            self.unsupported = str(error)
        self.booted = BootedInterposer(
            interposer.name, interposer.mode, interposer.version, self._observed(boot), site, deadline_s
        )
        if self.unsupported:
            return
        try:
            complaint = interposer.complain(replace(self.booted, boot=boot).run(probe(self.builder)))
            if complaint:
                raise InterposerError(complaint)
        except UnsupportedError as error:
            self.unsupported = str(error)
        except BaseException:
            site.close()
            raise

    def close(self) -> None:
        """Let go of what the site holds."""
        self.booted.site.close()

    def check_case(self, case: Case, call: str, variant: str = "") -> Result:
        """Build, run and judge one case; it is broken if the site was lost, or the machine has run out of something."""
        return self._check(case, call, variant, lambda: self._check_case(case, call, variant))

    def check_workload(self, workload: Workload) -> Result:
        """Build, run and judge one workload; it is broken for what breaks a case."""
        return self._check(workload, "", "", lambda: self._check_workload(workload))

    def _check(self, item: Case | Workload, call: str, variant: str, check: Callable[[], Result]) -> Result:
        try:
            return check()
        except (SiteError, CacheError) as error:
            why = str(error)
        except OSError as error:
            if error.errno not in RUN_OUT:
                raise
            why = ran_out(error)
        except MemoryError as error:
            why = ran_out(error)
        return self._result(item, call, None, None, Verdict(Outcome.BROKEN, why), variant)

    def _check_case(self, case: Case, call: str, variant: str) -> Result:

        def conclude(verdict: Verdict, program: Program | None = None, seen: Observation | None = None) -> Result:
            return self._result(case, call, program, seen, verdict, variant)

        since = case.since if not call.startswith("clone3") else max(case.since, _CLONE3_SINCE)
        why = self._lacks(since, case.until)
        makes_threads = variant == "thread" or "pthread_create(" in case.template.read_text("utf-8")
        why = why or self.inventory.lacks(of_item(case.needs, call, makes_threads))
        if why:
            return conclude(Verdict(Outcome.UNSUPPORTED, why))
        try:
            program = self.builder.case(case, call, variant)
        except NoCompilerError as error:
            return conclude(Verdict(Outcome.UNSUPPORTED, str(error)))
        except CompileError as error:
            return conclude(Verdict(Outcome.BROKEN, str(error)))
        refusal = self._refuses(program)
        if refusal:
            return conclude(Verdict(Outcome.UNSUPPORTED, refusal), program)
        seen = self.booted.run(program, "{events}")
        return conclude(judge_case(case, seen), program, seen)

    def _check_workload(self, workload: Workload) -> Result:
        why = self._lacks(workload.since)
        why = why or self.inventory.lacks_program(workload.needs)
        why = why or self.inventory.lacks_language(workload.language, workload.options)
        if why:
            return self._result(workload, "", None, None, Verdict(Outcome.UNSUPPORTED, why))
        try:
            program = self.builder.workload(workload, self.booted.site.find)
        except CompileError as error:
            return self._result(workload, "", None, None, Verdict(Outcome.BROKEN, str(error)))
        # What it needs, it starts.
        needed = (self.booted.site.find(command.split()[0]) for command in workload.needs)
        started = [program, *(Program(program.source, (path,)) for path in needed if path)]
        why = next(filter(None, map(self._refuses, started)), None)
        if why:
            return self._result(workload, "", program, None, Verdict(Outcome.UNSUPPORTED, why))
        seen = self.run_workload(program)
        return self._result(workload, "", program, seen, judge_workload(workload, seen))

    def run_workload(self, program: Program) -> Observation:
        """Run a program under the interposer and see which calls it makes: in that run if possible, else in another."""
        if self._interposer.logs_spawns:
            logged = replace(self.booted, boot=self._observed(booted(self._interposer, log=spawns.LOG)))
            return logged.run(program)
        seen = self.booted.run(program)
        try:
            by = spawns.logger(self._interposer.settings)
            made = spawns.observe_spawns(self.booted.site, by, program, self.booted.deadline_s)
        except InterposerError as error:
            return replace(seen, unseen=str(error))
        return replace(seen, spawns=made)

    def _refuses(self, program: Program) -> str | None:
        return self._interposer.refuse(program) or self.booted.site.refuse(program)

    def _observed(self, boot: Boot) -> Boot:
        observer = self._observer
        return checked(type(observer), "around", lambda: observer.around(boot)) if observer else boot

    @cached_property
    def inventory(self) -> Inventory:
        """What the site has of all that an item may stand on."""
        return Inventory(self.booted.site, self.builder)

    def _lacks(self, since: tuple[int, int], until: tuple[int, int] | None = None) -> str | None:
        if self.unsupported:
            return self.unsupported
        release = self._at["kernel"]
        there = tuple(int(part) for part in release.split("-")[0].split(".")[:2])
        if since > there:
            return f"Linux {since[0]}.{since[1]} or newer is needed; {self.booted.site.name} runs {release}"
        if until and until <= there:
            return f"Linux before {until[0]}.{until[1]} is needed; {self.booted.site.name} runs {release}"
        return self.inventory.lacks(OF_ALL)

    @cached_property
    def _at(self) -> Mapping[str, str]:
        """What the programs run on; raises SiteError."""
        return self.booted.site.describe()

    def _result(
        self,
        item: Case | Workload,
        call: str,
        program: Program | None,
        seen: Observation | None,
        verdict: Verdict,
        variant: str = "",
    ) -> Result:
        at: Mapping[str, str] = {}
        with suppress(SiteError):  # then the verdict says so
            at = self._at
        known = [one for one in self._expectations if not one.without or self.inventory.lacks(one.without)]
        expectation = find_expectation(known, item.id, call, self._interposer.mode_word, variant)
        return Result(
            item.id,
            call,
            item.level,
            item.spec,
            item.must,
            str(program.source) if program else "",
            seen,
            apply_expectation(verdict, expectation),
            expectation.link if expectation else "",
            variant,
            languages.version_of(item) if isinstance(item, Workload) and self._asks_versions else "",
            at,
        )


def ran_out(error: OSError | MemoryError) -> str:
    """Say that this machine has no more of something, in one sentence."""
    what = error.strerror if isinstance(error, OSError) else os.strerror(errno.ENOMEM)
    return f"this machine has run out of something ({what}): see ulimit -a, df and free"
