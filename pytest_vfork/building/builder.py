# SPDX-License-Identifier: MIT
"""Source → program, through the cache."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ..model import Case, Program, Workload
from ..templates.languages import LANGUAGES
from ..templates.variants import VARIANTS
from . import inputs, toolchain
from .cache import Cache
from .render import filename_of, render_case, render_workload

CASE_FLAGS = VARIANTS[""].flags
# Beside each program: what the compiler had to say of it, if it was compiled.
COMPILER_LOG = "compiler.log"
_COMPILE_DEADLINE_S = 300


class CompileError(Exception):
    """The compiler refused a source; the message holds the command and what it said."""


class Builder:
    """Renders and compiles; equal inputs are built once for all sessions of this user."""

    def __init__(self, cache: Cache, cc: tuple[str, ...]) -> None:
        self.cache = cache
        self.cc = cc

    def case(self, case: Case, call: str, variant: str = "") -> Program:
        """Render a case for one call and compile it as the variant wants; raise CompileError or NoCompilerError.

        Start it with one argument: the file that it shall append its events to.
        """
        command = toolchain.compile_command(variant, self.cc)
        compiler = toolchain.identify(command[: -len(VARIANTS[variant].flags)])
        filename = filename_of(case, call, variant)

        def make() -> Path:
            return self._compile(filename, render_case(case, call, variant), command, compiler).source.parent

        # Rendering costs more than all else that a warm run does here; what goes into it is known without.
        rendered = ("case", case.template.read_text("utf-8"), case.id, call, variant, inputs.digest())
        return _program(self.cache.find((*rendered, *command, compiler), make), filename)

    def c_program(self, filename: str, source: str, flags: Sequence[str] = CASE_FLAGS) -> Program:
        """Compile one C source under the name `filename`; raise CompileError."""
        return self._compile(filename, source, (*self.cc, *flags), toolchain.identify(self.cc))

    @property
    def folder(self) -> Path:
        """The folder of the cache, in which a compiler may keep a cache of its own."""
        return self.cache.root

    @property
    def c_flags(self) -> tuple[str, ...]:
        """The flags that every C program of ours is compiled with."""
        return CASE_FLAGS

    def workload(self, workload: Workload, find: Callable[[str], str | None]) -> Program:
        """Render a workload and make it startable, as its language does; raise CompileError."""
        return LANGUAGES[workload.language].start(self, find, render_workload(workload), workload.options)

    def compiled(
        self,
        sources: Mapping[str, str],
        command: tuple[str, ...],
        compiler: tuple[str, ...],
        *,
        version: str = "--version",
        classes: bool = False,
    ) -> Program:
        """Compile the first of the sources, in a folder that holds them all; raise CompileError.

        The command gets `-o PROGRAM SOURCE` added, or `SOURCE` alone if it makes classes instead of one program.
        """
        main = next(iter(sources))
        stem = main.rpartition(".")[0]

        def make(folder: Path) -> None:
            for name, text in sources.items():
                (folder / name).write_text(text, "utf-8")
            said = _run([*command, *(() if classes else ("-o", stem)), main], folder)
            (folder / COMPILER_LOG).write_text(said, "utf-8")

        key = ("compiled", *sources, *sources.values(), *command, toolchain.identify(compiler, version))
        folder = self.cache.get(key, make)
        return Program(folder / main, (str(folder / stem),))

    def shared_object(self, name: str, sources: Sequence[Path], flags: Sequence[str]) -> Path:
        """Compile several C sources, with the headers and tables beside them, into the shared object `name`.

        Raise CompileError.
        """
        inputs = sorted({file for source in sources for file in _inputs(source.parent)})
        text = "\0".join(file.name + "\0" + file.read_text("utf-8") for file in inputs)

        def make(folder: Path) -> None:
            _run([*self.cc, *flags, *map(str, sources), "-o", str(folder / name)])

        return self.cache.get(("shared", name, text, *flags, toolchain.identify(self.cc)), make) / name

    def _compile(self, filename: str, source: str, command: tuple[str, ...], compiler: str) -> Program:
        stem = filename.rpartition(".")[0]

        def make(folder: Path) -> None:
            (folder / filename).write_text(source, "utf-8")
            said = _run([*command, "-o", str(folder / stem), str(folder / filename)])
            (folder / COMPILER_LOG).write_text(said, "utf-8")

        folder = self.cache.get(("program with log", filename, source, *command, compiler), make)
        return _program(folder, filename)

    def script(self, sources: Mapping[str, str], command: tuple[str, ...]) -> Program:
        """Keep scripts under their names and return how to start the first of them."""

        def make(folder: Path) -> None:
            for name, text in sources.items():
                (folder / name).write_text(text, "utf-8")

        folder = self.cache.get(("script", *sources, *sources.values()), make)
        main = folder / next(iter(sources))
        return Program(main, (*command, str(main)))


def _program(folder: Path, filename: str) -> Program:
    return Program(folder / filename, (str(folder / filename.rpartition(".")[0]),))


def _inputs(folder: Path) -> Iterator[Path]:
    return (file for file in folder.iterdir() if file.suffix in (".c", ".h", ".S", ".def"))


def _run(command: list[str], folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_COMPILE_DEADLINE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CompileError(f"no end within {_COMPILE_DEADLINE_S} s: {' '.join(command)}") from error
    if done.returncode:
        raise CompileError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stderr
