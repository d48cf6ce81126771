# SPDX-License-Identifier: MIT
"""Writes the folder of an export: sources, programs, manifest, and what runs them without Python."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ... import __version__
from ...model import Case, item_name
from ...templates.needs import NEEDS
from ...templates.variants import VARIANTS
from . import cpio, targets
from .profiles import SPOILED, holds
from .render import render, since

SCHEMA = 1
_DEADLINE_S = 300
# A static program for another libc has one way to be built, whatever the variant asks for.
_BUILDS = ("static", "musl", "no-pie", "O0", "O2")
_HERE = Path(__file__).parent
_MANIFEST = "manifest.json"
_COPIED = ("run.sh", "Makefile")


class ExportError(Exception):
    """Nothing could be exported; the message says why."""


@dataclass(frozen=True)
class Wanted:
    """What to export: for which machine, as programs too or as sources alone, of which calls, in which profile."""

    target: str = "x86_64"
    is_static: bool = False
    calls: tuple[str, ...] = ()
    profile: str = "all"
    word: str = ""


@dataclass(frozen=True)
class Item:
    """One item of the export; `why_not` says why it was left out."""

    case: Case
    call: str
    variant: str
    source: str
    why_not: str = ""

    @property
    def name(self) -> str:
        """Its name in ids and reports."""
        return item_name(self.case.id, self.call, self.variant)

    @property
    def path(self) -> str:
        """Its path below `src` and `bin`, without a suffix."""
        return self.name.replace(":", ".")


def write(folder: Path, cases: Iterable[Case], wanted: Wanted) -> tuple[int, tuple[Item, ...]]:
    """Write everything; return how many items there are, and those that were left out.

    Raise ExportError, or NoCompilerError if programs are wanted.
    """
    before = _made_before(folder)
    compiler = targets.compiler(wanted.target) if wanted.is_static else ()
    chosen = list(_choose(cases, wanted))
    if not chosen:
        raise ExportError("no item fits --calls, --profile and -k")
    folder.mkdir(parents=True, exist_ok=True)
    for path in before:
        path.unlink(missing_ok=True)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        made = list(pool.map(lambda item: _make(folder, item, compiler), chosen))
    _remove_empty_folders(folder)
    here, out = [item for item in made if not item.why_not], tuple(item for item in made if item.why_not)
    if not here:
        raise ExportError(f"none of {len(made)} items compiles for {wanted.target}: {out[0].name}: {out[0].why_not}")
    _write_manifest(folder, here, out, wanted, compiler)
    (folder / "list").write_text("".join(f"{item.name}\t{item.path}\n" for item in here), "utf-8")
    for name in _COPIED:
        (folder / name).write_text((_HERE / name).read_text("utf-8"), "utf-8")
    (folder / "run.sh").chmod(0o755)
    if wanted.is_static:
        _write_initramfs(folder, here, compiler)
    return len(here), out


def _made_before(folder: Path) -> list[Path]:
    """Return the files of the export that is to be renewed; raise ExportError if the folder has anything but one."""
    if not folder.exists() or not any(folder.iterdir()):
        return []
    try:
        manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
        if "pytest_vfork" not in manifest:
            raise KeyError
        items = [name for item in manifest["items"] for name in (item["source"], item["program"]) if name]
        # what it names is taken away, so it may name nothing but what an export has
        if not all(re.fullmatch(r"(src|bin)/[a-z]+/[\w+-][\w.+-]*", name, re.ASCII) for name in items):
            raise KeyError
    except (OSError, ValueError, KeyError, TypeError):
        raise ExportError(f"{folder} is neither empty nor an export") from None
    return [folder / name for name in (*items, "list", *_COPIED, "init", "initramfs.cpio", _MANIFEST)]


def _remove_empty_folders(folder: Path) -> None:
    for name in ("src", "bin"):
        for path in (*(folder / name).glob("*"), folder / name):
            with suppress(OSError):  # it is not empty, or not there
                path.rmdir()


def _choose(cases: Iterable[Case], wanted: Wanted) -> Iterator[Item]:
    for case in cases:
        for call, variant in case.items:
            if wanted.calls and call not in wanted.calls:
                continue
            if (wanted.is_static and variant in _BUILDS) or not holds(wanted.profile, case, call, variant):
                continue
            if wanted.word in item_name(case.id, call, variant):
                yield Item(case, call, variant, *_render(case, call, variant, wanted.target))


def _render(case: Case, call: str, variant: str, target: str) -> tuple[str, str]:
    """Return the source of an item for a machine, and why it is none for that."""
    if target != "x86_64" and "x86-64" in case.needs:
        return "", f"it needs {NEEDS['x86-64'].what}"
    if case.id in SPOILED:
        return "", SPOILED[case.id]
    source = render(case, call, variant, target)
    refused = re.search(r'^#error "(.*)"$', source, re.MULTILINE)  # c_tests/_lib: no such call, or no assembler
    return source, refused[1] if refused else ""


def _make(folder: Path, item: Item, compiler: tuple[str, ...]) -> Item:
    """Write the source of an item and compile it; what does not compile is left out."""
    why = item.why_not
    source = folder / "src" / f"{item.path}.c"
    if not why:
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(item.source, "utf-8")
    if compiler and not why:
        program = folder / "bin" / item.path
        program.parent.mkdir(parents=True, exist_ok=True)
        why = compile_c(compiler, source, program)
        if why:
            source.unlink()
    return Item(item.case, item.call, item.variant, item.source, why)


def compile_c(compiler: tuple[str, ...], source: Path, program: Path) -> str:
    """Compile one file; return what the compiler complained of, its first error alone, or nothing."""
    command = [*compiler, "-o", str(program), str(source)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE_S, check=False)
    except subprocess.TimeoutExpired:
        return f"the compiler did not end within {_DEADLINE_S} s"
    if done.returncode == 0:
        return ""
    errors = [line for line in done.stderr.splitlines() if "error" in line]
    return (errors or done.stderr.splitlines() or [f"the compiler ended with {done.returncode}"])[0]


def _write_manifest(
    folder: Path, here: Iterable[Item], out: Iterable[Item], wanted: Wanted, compiler: tuple[str, ...]
) -> None:
    manifest = {
        "schema": SCHEMA,
        "pytest_vfork": __version__,
        "target": wanted.target,
        "profile": wanted.profile,
        "compiler": " ".join(compiler) or None,
        "items": [_entry(folder, item, wanted.is_static) for item in here],
        "left_out": [{"item": item.name, "why": item.why_not} for item in out],
    }
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def _entry(folder: Path, item: Item, is_static: bool) -> dict[str, object]:
    first = since(item.case, item.call)
    source, program = f"src/{item.path}.c", f"bin/{item.path}"
    return {
        "item": item.name,
        "id": item.case.id,
        "call": item.call,
        "variant": item.variant,
        "level": item.case.level.word,
        "since": f"{first[0]}.{first[1]}" if first != (0, 0) else None,
        "until": "{}.{}".format(*item.case.until) if item.case.until else None,
        "needs": list(item.case.needs),
        "flags": " ".join(VARIANTS[item.variant].flags),
        "source": source,
        "program": program if is_static else None,
        "sha256": hashlib.sha256((folder / (program if is_static else source)).read_bytes()).hexdigest(),
    }


def _write_initramfs(folder: Path, here: Iterable[Item], compiler: tuple[str, ...]) -> None:
    """Write `init`, which runs the list without a shell, and a core of it all that a kernel boots from."""
    why = compile_c(compiler, _HERE / "init.c", folder / "init")
    if why:
        raise ExportError(f"init does not compile: {why}")
    files = {"init": folder / "init", "list": folder / "list"}
    files |= {f"bin/{item.path}": folder / "bin" / item.path for item in here}
    cpio.write(folder / "initramfs.cpio", files, folders=("proc", "sys", "dev", "tmp"))
