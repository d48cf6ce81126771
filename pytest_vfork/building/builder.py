# SPDX-License-Identifier: MIT
"""Source → program, through the cache."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..model import Case, Program, Workload
from ..templates.languages import LANGUAGES
from ..templates.variants import VARIANTS
from . import toolchain
from .cache import Cache, RefusedError
from .render import TemplateError, filename_of, line_in_template, render_case, render_workload

CASE_FLAGS = VARIANTS[""].flags
# Beside each program: what the compiler had to say of it, if it was compiled.
COMPILER_LOG = "compiler.log"
_COMPILE_DEADLINE_S = 300
# Where a compiler says that something is wrong: gcc and javac, go, rustc.
_CITED = re.compile(r"^(?: *--> |\./)?(?P<file>[^:\n]+):(?P<line>\d+):.*", re.MULTILINE)
_WHERE = re.compile(r"cd (?P<folder>.+?) && ")


class CompileError(RefusedError):
    """A template or the compiler refused; the message holds file and line, the command and what it said."""


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
        with _citing(case.template):
            return self._compile(filename, render_case(case, call, variant), command, compiler)

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
        with _citing(workload.template):
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
        return Program(folder / filename, (str(folder / stem),))

    def script(self, sources: Mapping[str, str], command: tuple[str, ...]) -> Program:
        """Keep scripts under their names and return how to start the first of them."""

        def make(folder: Path) -> None:
            for name, text in sources.items():
                (folder / name).write_text(text, "utf-8")

        folder = self.cache.get(("script", *sources, *sources.values()), make)
        main = folder / next(iter(sources))
        return Program(main, (*command, str(main)))


@contextmanager
def _citing(template: Path) -> Iterator[None]:
    """Let what is refused be told by file and line of its template."""
    try:
        yield
    except TemplateError as error:
        raise CompileError(str(error)) from error
    except CompileError as error:
        source, number = _cited(str(error))
        line = line_in_template(template, source, number) if source else None
        raise CompileError(f"{template}:{line or 1}: {error}") from error


def _cited(said: str) -> tuple[Path | None, int]:
    """Return the file and line that a compiler complains of, of an error before a warning, if the file is there."""
    folder = _WHERE.match(said)
    for match in sorted(_CITED.finditer(said), key=lambda match: "error" not in match[0]):
        source = Path(folder["folder"] if folder else "/", match["file"])
        if source.is_file():
            return source, int(match["line"])
    return None, 0


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
        where = f"cd {folder} && " if folder else ""
        raise CompileError(f"{where}{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stderr
