# SPDX-License-Identifier: MIT
"""A booted session: an interposer on a site, ready to run programs, cases and workloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..building.builder import Builder, CompileError
from ..building.toolchain import NoCompilerError
from ..judging.expectations import read_expectations
from ..judging.verdict import apply_expectation, find_expectation, judge_case, judge_workload
from ..model import Boot, Case, Expectation, Mode, Observation, Outcome, Program, Verdict, Workload
from ..model.result import Result
from ..plugin.options import Options, default_expectations
from ..templates import languages, needs, suite
from .interposers import Choosy, Interposer, InterposerError, Settings, UnsupportedError, probe
from .observers import spawns
from .present import present
from .sites import Launch, Site, SiteError

_CLONE3_SINCE = (5, 3)


@dataclass(frozen=True)
class BootedInterposer:
    """An interposer that was seen to intercept.

    `run` starts a program under it; `seed` is what a program may draw from (VFORK_SEED).
    """

    name: str
    mode: Mode
    version: str
    boot: Boot
    site: Site
    deadline_s: float
    seed: int

    def run(self, program: Program, *arguments: str, deadline_s: float | None = None) -> Observation:
        """Start the program under this interposer and return the facts.

        In the arguments, `{events}` is the path of the event file.
        """
        launched = replace(program, argv=(*program.argv, *arguments))
        return self.site.run(Launch(launched, self.boot, deadline_s or self.deadline_s, {"VFORK_SEED": str(self.seed)}))


class Session:
    """All that is made once in a process. Making it boots and checks the interposer; raises InterposerError.

    If this machine lacks what the interposer needs, `unsupported` says so, and so does every verdict.
    """

    def __init__(self, options: Options, settings: Settings, interposer: Interposer, site: Site, seed: int) -> None:
        self.options = options
        self._settings = settings
        self._interposer = interposer
        self._expectations = known_deviations(options)
        self.unsupported, boot = "", Boot()
        try:
            boot = interposer.boot()
        except UnsupportedError as error:
            self.unsupported = str(error)
        self.booted = BootedInterposer(
            interposer.name, options.mode, interposer.version, boot, site, options.deadline_s, seed
        )
        if self.unsupported:
            return
        try:
            complaint = interposer.complain(self.booted.run(probe(settings.builder)))
        except SiteError as error:
            raise InterposerError(str(error)) from error
        if complaint:
            raise InterposerError(complaint)

    @property
    def builder(self) -> Builder:
        """The builder of this session."""
        return self._settings.builder

    def check_case(self, case: Case, call: str, variant: str = "") -> Result:
        """Build, run and judge one case."""

        def conclude(verdict: Verdict, program: Program | None = None, seen: Observation | None = None) -> Result:
            return self._result(case, call, program, seen, verdict, variant)

        why = self._lacks(case.since if not call.startswith("clone3") else max(case.since, _CLONE3_SINCE), {})
        why = why or (needs.lacking(case.needs, self._there) if case.needs else None)
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
        try:
            seen = self.booted.run(program, "{events}")
        except SiteError as error:
            return conclude(Verdict(Outcome.BROKEN, str(error)), program)
        return conclude(judge_case(case, seen), program, seen)

    def check_workload(self, workload: Workload) -> Result:
        """Build, run and judge one workload."""
        why = self._lacks(workload.since, languages.needs(workload))
        if why:
            return self._result(workload, "", None, None, Verdict(Outcome.UNSUPPORTED, why))
        try:
            program = self.builder.workload(workload, self.booted.site.find)
        except CompileError as error:
            return self._result(workload, "", None, None, Verdict(Outcome.BROKEN, str(error)))
        # What it needs, it starts; its language's own needs only build it or are what it is started by.
        started = [
            program,
            *(Program(program.source, (path,)) for path in map(self.booted.site.find, workload.needs) if path),
        ]
        why = next(filter(None, map(self._refuses, started)), None)
        if why:
            return self._result(workload, "", program, None, Verdict(Outcome.UNSUPPORTED, why))
        try:
            seen = self.run_workload(program, started)
        except SiteError as error:
            return self._result(workload, "", program, None, Verdict(Outcome.BROKEN, str(error)))
        return self._result(workload, "", program, seen, judge_workload(workload, seen))

    def run_workload(self, program: Program, started: Sequence[Program]) -> Observation:
        """Run a program under the interposer and see which calls it makes: in that run if possible, else in another."""
        if self._interposer.logs_spawns:
            logged = replace(self.booted, boot=self._interposer.boot(log=spawns.LOG))
            return logged.run(program)
        seen = self.booted.run(program)
        try:
            by = spawns.observer(self._settings, started)
            made = spawns.observe_spawns(self.booted.site, by, program, self.options.deadline_s)
        except InterposerError as error:
            return replace(seen, unseen=str(error))
        return replace(seen, spawns=made)

    def _refuses(self, program: Program) -> str | None:
        why = self._interposer.refuse(program) if isinstance(self._interposer, Choosy) else None
        return why or self.booted.site.refuse(program)

    @cached_property
    def _there(self) -> frozenset[str]:
        return present(self.booted.site, self.builder)

    def _lacks(self, since: tuple[int, int], packages: Mapping[str, str]) -> str | None:
        if self.unsupported:
            return self.unsupported
        release = self.booted.site.describe()["kernel"]
        if since > tuple(int(part) for part in release.split("-")[0].split(".")[:2]):
            return f"Linux {since[0]}.{since[1]} or newer is needed; {self.booted.site.name} runs {release}"
        for name, package in packages.items():
            if self.booted.site.find(name) is None:
                return f"{name} is not on {self.booted.site.name}: apt-get install {package}"
        return None

    def _result(
        self,
        item: Case | Workload,
        call: str,
        program: Program | None,
        seen: Observation | None,
        verdict: Verdict,
        variant: str = "",
    ) -> Result:
        expectation = find_expectation(self._expectations, item.id, call, self.options.mode_word, variant)
        verdict = apply_expectation(verdict, expectation)
        source = str(program.source) if program else ""
        # Asking costs: only the record shows it.
        version = languages.version_of(item) if isinstance(item, Workload) and self.options.record else ""
        return Result(
            item.id,
            call,
            item.level,
            item.spec,
            item.must,
            source,
            seen,
            verdict,
            expectation.link if expectation else "",
            variant,
            version,
        )


def known_deviations(options: Options) -> tuple[Expectation, ...]:
    """Read the expectations that the options name, or those that we ship for the interposer; raise ExpectationError."""
    path = options.expectations or default_expectations(suite.folder("conformance"), options.interposer)
    if path is None:
        return ()
    ids = [*(case.id for case in suite.cases()), *(workload.id for workload in suite.workloads())]
    return read_expectations(path, ids)
