# SPDX-License-Identifier: MIT
"""`pytest-vfork kernels`: the kernels that are here, those that can be had, and what each has shown."""

from __future__ import annotations

import argparse
import platform
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..model import Level
from ..records.read import RecordError, read_record
from ..running.kernels import archive, guest, image
from ..templates import suite
from .cli import CANNOT_RUN, USAGE, Commands, complain, deliver
from .pages import render_page

_OF_PROGRAMS = "a workload of a program that is not in the guest"
_USUAL = "x86_64"  # the machine that the page does not name


@dataclass(frozen=True)
class Shown:
    """One record: the facts of the run, and of each item its level, its outcome and why."""

    run: Mapping[str, str]
    items: Mapping[str, tuple[str, str, str]]


def add_command(commands: Commands) -> None:
    """Declare the command."""
    kernels = commands.add_parser(
        "kernels",
        help="List the kernels that --vfork-site=kernel:SERIES can run programs on.",
        description=(
            "Lists what is in the cache and what Debian's archive has, or makes docs/kernels.md from records of "
            "runs on several kernels."
        ),
        epilog=(
            "Exit status: 0: done. 2: no such machine, or a record cannot be read. 126: a kernel cannot be had, or "
            "qemu is not here."
        ),
    )
    kernels.add_argument(
        "--fetch",
        metavar="SERIES",
        action="append",
        default=[],
        help="Get the newest kernel of this series; may be repeated.",
    )
    kernels.add_argument(
        "--machine",
        default=platform.machine(),
        help="List and get kernels for this machine: x86_64, aarch64 or riscv64 (default: this one).",
    )
    kernels.add_argument("--write", metavar="FILE", help="Write the page of what RECORDS show to this file.")
    kernels.add_argument(
        "records", nargs="*", metavar="RECORD", help="What --vfork-record wrote, of runs on kernel sites."
    )
    kernels.set_defaults(does=_kernels)


def _kernels(arguments: argparse.Namespace) -> int:
    if arguments.records or arguments.write:
        return _page(arguments)
    if arguments.machine not in archive.ARCHITECTURES:
        return complain(f"kernels: no machine {arguments.machine!r}: {', '.join(archive.ARCHITECTURES)}", USAGE)
    folder, status = image.folder_of_user(), 0
    try:
        for series in arguments.fetch:
            image.fetch(series, arguments.machine, folder)
        can_be_had = archive.Archive(folder / arguments.machine, arguments.machine).packages()
    except (archive.ArchiveError, image.KernelError) as error:
        complain(f"kernels: {error}", CANNOT_RUN)
        can_be_had = ()
        status = CANNOT_RUN if arguments.fetch else 0  # a list of what is here is one, too
    here = {kernel.series: kernel for kernel in image.cached(folder, arguments.machine)}
    newest = {package.series: package for package in can_be_had}
    for series in sorted({*here, *newest}, key=archive.numbers):
        version = here[series].version if series in here else newest[series].version
        print(f"{series:<6} {'here' if series in here else 'in the archive':<15} {version}")
    missing = guest.lacking(arguments.machine)
    if missing:
        return complain(f"kernels: {missing}", CANNOT_RUN)
    return status


def _page(arguments: argparse.Namespace) -> int:
    if not arguments.records:
        return complain("kernels: --write: give the records of runs", USAGE)
    try:
        shown = [read(Path(path)) for path in arguments.records]
    except RecordError as error:
        return complain(f"kernels: {error}", USAGE)
    runs = Counter((one.run["interposer"], one.run["mode"], one.run["kernel"]) for one in shown)
    for (interposer, mode, kernel), count in runs.items():
        if count > 1:
            return complain(f"kernels: {count} records of {interposer}, mode {mode}, on {kernel}: give one", USAGE)
    page = render_page(Path(__file__).with_name("kernels.md.j2"), **tables(shown))
    return deliver(page, arguments.write, "kernels")


def read(path: Path) -> Shown:
    """Read a record (docs/record.md); raise RecordError, also if it does not say what ran on what."""
    record = read_record(path)
    run = {key: str(record.run.get(key) or "") for key in ("kernel", "mode", "interposer")}
    if not run["kernel"]:
        raise RecordError(f"{path}: no record of a run: it does not tell the kernel")
    if record.complete is not True:
        raise RecordError(f"{path}: the record of a part of the suite, or of a run that did not end")
    run["machine"] = str(record.run.get("machine") or _USUAL)
    if run["machine"] != _USUAL:
        run["kernel"] += f", {run['machine']}"
    return Shown(
        run, {name: (item.level.word, item.outcome.value, item.verdict.why) for name, item in record.items.items()}
    )


def tables(shown: Iterable[Shown]) -> dict[str, Any]:
    """Return the rows of the page: counts by run and level, cases that differ between kernels, what machines lack."""
    runs = sorted(shown, key=lambda one: (one.run["mode"], archive.numbers(one.run["kernel"])))
    counts = []
    for one in runs:
        levels = {
            level.word: Counter(outcome for at, outcome, _ in one.items.values() if at == level.word) for level in Level
        }
        counts.append((one, levels, sum(levels.values(), Counter())))
    usual = [one for one in runs if one.run.get("machine", _USUAL) == _USUAL]
    return {
        "counts": counts,
        "levels": [level.word for level in Level],
        "differences": [*_differences(usual)],
        "others": [(one, _whys(one)) for one in runs if one not in usual],
    }


def _whys(one: Shown) -> list[tuple[str, str, int]]:
    """Return why items did not hold, by outcome, with how many they are, most first."""
    count: Counter[tuple[str, str]] = Counter()
    for name, (_, outcome, why) in one.items.items():
        is_workload = ":" not in name  # it has no call
        if outcome != "pass":
            count[outcome, _OF_PROGRAMS if is_workload and outcome == "unsupported" else _gist(why)] += 1
    return [(outcome, why, number) for (outcome, why), number in count.most_common()]


@dataclass(frozen=True)
class Difference:
    """A case that came out differently on different kernels, by these calls; `kernels` by outcome."""

    mode: str
    id: str
    calls: tuple[str, ...]
    kernels: Mapping[str, tuple[str, ...]]
    why: str


def _differences(runs: Iterable[Shown]) -> Iterator[Difference]:
    told: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    for one in runs:
        for name, (_, outcome, why) in one.items.items():
            told.setdefault((one.run["mode"], name), {})[one.run["kernel"]] = outcome, why
    alike: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[str]] = {}
    for (mode, name), outcomes in told.items():
        if len({outcome for outcome, _ in outcomes.values()}) > 1:
            id, _, call = name.partition(":")
            key = mode, id, tuple((kernel, outcome) for kernel, (outcome, _) in outcomes.items())
            alike.setdefault(key, []).append(call)
    differs = {case.id: case.differs for case in suite.cases()}
    for (mode, id, pairs), calls in sorted(alike.items()):
        kernels: dict[str, tuple[str, ...]] = {}
        for kernel, outcome in pairs:
            kernels[outcome] = (*kernels.get(outcome, ()), kernel)
        some = told[mode, f"{id}:{calls[0]}" if calls[0] else id]
        whys = dict.fromkeys(_gist(why) for outcome, why in some.values() if outcome not in ("pass", "xpass"))
        yield Difference(
            mode, id, tuple(calls), kernels, " ".join(filter(None, ("; ".join(whys) + ".", differs.get(id))))
        )


def _gist(why: str) -> str:
    """Return the first line of a verdict, without the release that this kernel happens to have."""
    return re.sub(r"; \S+ runs \S+$", "", (why.splitlines() or [""])[0])
