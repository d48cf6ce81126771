# SPDX-License-Identifier: MIT
"""A booted session: an interposer on a site, ready to run programs, cases and workloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from . import languages, resources
from .build import Builder, CompileError
from .expectations import read_expectations
from .interposers import Interposer, InterposerError, Settings, probe
from .model import Boot, Case, Expectation, Mode, Observation, Outcome, Program, Verdict, Workload
from .observers import spawns
from .options import Options, default_expectations
from .result import Result
from .sites import Launch, Site
from .verdict import apply_expectation, find_expectation, judge_case, judge_workload

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
    """All that is made once in a process. Making it boots and checks the interposer; raises InterposerError."""

    def __init__(self, options: Options, settings: Settings, interposer: Interposer, site: Site, seed: int) -> None:
        self.options = options
        self._settings = settings
        self._interposer = interposer
        self._expectations = known_deviations(options)
        self.booted = BootedInterposer(
            interposer.name, options.mode, interposer.version, interposer.boot(), site, options.deadline_s, seed
        )
        complaint = interposer.complain(self.booted.run(probe(settings.builder)))
        if complaint:
            raise InterposerError(complaint)

    @property
    def builder(self) -> Builder:
        """The builder of this session."""
        return self._settings.builder

    def check_case(self, case: Case, call: str) -> Result:
        """Build, run and judge one case."""
        why = self._lacks(case.since if not call.startswith("clone3") else max(case.since, _CLONE3_SINCE), {})
        if why:
            return self._result(case, call, None, None, Verdict(Outcome.UNSUPPORTED, why))
        try:
            program = self.builder.case(case, call)
        except CompileError as error:
            return self._result(case, call, None, None, Verdict(Outcome.BROKEN, str(error)))
        seen = self.booted.run(program, "{events}")
        return self._result(case, call, program, seen, judge_case(case, seen))

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
        executables = [program.argv[0], *filter(None, map(self.booted.site.find, workload.needs))]
        why = self._refuses(executables)
        if why:
            return self._result(workload, "", program, None, Verdict(Outcome.UNSUPPORTED, why))
        seen = self.run_workload(program, executables)
        return self._result(workload, "", program, seen, judge_workload(workload, seen))

    def run_workload(self, program: Program, executables: Sequence[str]) -> Observation:
        """Run a program under the interposer and see which calls it makes: in that run if possible, else in another."""
        if self._interposer.logs_spawns:
            logged = replace(self.booted, boot=self._interposer.boot(log=spawns.LOG))
            return logged.run(program)
        seen = self.booted.run(program)
        try:
            by = spawns.observer(self._settings, executables)
            made = spawns.observe_spawns(self.booted.site, by, program, self.options.deadline_s)
        except InterposerError as error:
            return replace(seen, unseen=str(error))
        return replace(seen, spawns=made)

    def _refuses(self, executables: Sequence[str]) -> str | None:
        if self._interposer.name != "shim" or self.options.mode is Mode.NATIVE:
            return None
        reason = spawns.cannot_preload(executables)
        return f"{reason}; --vfork-interposer=ptrace is for those" if reason else None

    def _lacks(self, since: tuple[int, int], needs: Mapping[str, str]) -> str | None:
        release = self.booted.site.describe()["kernel"]
        if since > tuple(int(part) for part in release.split("-")[0].split(".")[:2]):
            return f"Linux {since[0]}.{since[1]} or newer is needed; {self.booted.site.name} runs {release}"
        for name, package in needs.items():
            if self.booted.site.find(name) is None:
                return f"{name} is not on {self.booted.site.name}: apt-get install {package}"
        return None

    def _result(
        self, item: Case | Workload, call: str, program: Program | None, seen: Observation | None, verdict: Verdict
    ) -> Result:
        mode = self.options.mode.value if self._interposer.name == "shim" else ""
        expectation = find_expectation(self._expectations, item.id, call, mode)
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
            version,
        )


def known_deviations(options: Options) -> tuple[Expectation, ...]:
    """Read the expectations that the options name, or those that we ship for the interposer; raise ExpectationError."""
    path = options.expectations or default_expectations(resources.folder("conformance"), options.interposer)
    if path is None:
        return ()
    ids = [*(case.id for case in resources.cases()), *(workload.id for workload in resources.workloads())]
    return read_expectations(path, ids)
