# SPDX-License-Identifier: MIT
"""Source → program, through the cache."""

from __future__ import annotations

import os
import platform
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..model import Case, Program, Workload, signal_name
from ..templates.languages import LANGUAGES
from ..templates.places import ours, where_parts_lie
from ..templates.variants import VARIANTS
from . import inputs, toolchain
from .cache import Cache, RefusedError
from .quick import Quick, find_quick
from .render import TemplateError, filename_of, line_in_template, render_case, render_workload
from .toolchain import NoCompilerError

CASE_FLAGS = VARIANTS[""].flags
# Beside each program: what the compiler had to say of it, and the command that compiled it.
COMPILER_LOG = "compiler.log"
COMPILER_COMMAND = "compiler.sh"
_COMPILE_DEADLINE_S = 300
_LEAST = '#include <stdio.h>\n\nint main(void)\n{\n\treturn puts("works") < 0;\n}\n'
# Where a compiler says that something is wrong: gcc and javac, go, rustc.
_CITED = re.compile(r"^(?: *--> |\./)?(?P<file>[^:\n]+):(?P<line>\d+):.*", re.MULTILINE)
_WHERE = re.compile(r"cd (?P<folder>.+?) && ")


class CompileError(RefusedError):
    """A template or the compiler refused; the message holds file and line, the command and what it said."""


class Builder:
    """Renders and compiles; equal inputs are built once for all sessions of this user.

    What has no flags of its own is given to `quick` first, if there is such a compiler, and to `cc` if that refuses.
    """

    def __init__(
        self, cache: Cache, cc: tuple[str, ...], quick: Quick | None = None, machine: str = platform.machine()
    ) -> None:
        self.cache = cache
        self.cc = cc
        self.quick = quick
        self.machine = machine
        self._commands: dict[str, str] = {}  # by variant: why its compiler makes no programs

    @classmethod
    def of_user(cls, wanted: str | None = None) -> Builder:
        """Open the user's cache and find the compilers; raise NoCompilerError.

        Whoever asks for a C compiler, or sets $CC, gets that one for everything.
        """
        cache, cc = Cache.of_user(), toolchain.find_cc(wanted)
        is_named = wanted or os.environ.get("CC")
        return cls(cache, cc, None if is_named else find_quick(cc, cache))

    def for_machine(self, machine: str) -> Builder:
        """Return what builds for a machine, as uname(2) has it, by zig for any but this. Raise NoCompilerError."""
        if machine == self.machine:
            return self
        return Builder(self.cache, (*toolchain.zig(machine), *toolchain.OF_ANOTHER_MACHINE), machine=machine)

    def case(self, case: Case, call: str, variant: str = "") -> Program:
        """Render a case for one call and compile it as the variant wants; raise CompileError or NoCompilerError.

        Start it with one argument: the file that it shall append its events to.
        """
        filename = filename_of(case, call, variant)

        def make() -> Path:
            return self._case(case, call, variant, filename).source.parent

        with _citing(case.template):
            if where_parts_lie(case.template) != ours():  # what it includes may be anything
                return self._case(case, call, variant, filename)
            # Rendering costs more than all else that a warm run does here; what goes into it is known without.
            source = (case.template.read_text("utf-8"), case.id, call, variant, inputs.digest())
            return _program(self.cache.find(("case", *source, *self._compilers_of(variant)), make), filename)

    def _case(self, case: Case, call: str, variant: str, filename: str) -> Program:
        if self.quick and VARIANTS[variant].is_plain:
            program = self._quickly(self.quick, filename, self._render(case, call, variant, by=self.quick.name))
            if program:
                return program
        command = self.command_of(variant)
        compiler = toolchain.identify(command[: -len(VARIANTS[variant].flags)])
        return self._compile(filename, self._render(case, call, variant), command, compiler)

    def _render(self, case: Case, call: str, variant: str, by: str = "") -> str:
        return render_case(case, call, variant, by=by, machine=self.machine)

    def _compilers_of(self, variant: str) -> tuple[str, ...]:
        """Return all that a variant's compilers, the quick one too, put into what they make."""
        command = toolchain.compile_command(variant, self.cc, self.machine)
        quick = self.quick.key if self.quick and VARIANTS[variant].is_plain else ()
        return (*quick, *command, toolchain.identify(command[: -len(VARIANTS[variant].flags)]))

    def command_of(self, variant: str) -> tuple[str, ...]:
        """Return compiler and flags of a variant, seen to make a program; raise NoCompilerError."""
        command = toolchain.compile_command(variant, self.cc, self.machine)
        if variant not in self._commands:
            self._commands[variant] = ""
            try:
                compiler = toolchain.identify(command[: -len(VARIANTS[variant].flags)])
                self._compile("least.c", _LEAST, command, compiler)
            except CompileError as error:
                self._commands[variant] = str(error).strip().splitlines()[-1]
        if self._commands[variant]:
            what = f"makes no programs {VARIANTS[variant].what}".strip()
            said = self._commands[variant]
            raise NoCompilerError(f"{' '.join(command)} {what} ({said}): {VARIANTS[variant].remedy}")
        return command

    def c_program(self, filename: str, source: str, flags: Sequence[str] = CASE_FLAGS) -> Program:
        """Compile one C source under the name `filename`; raise CompileError."""
        if self.quick and flags == CASE_FLAGS:
            program = self._quickly(self.quick, filename, source)
            if program:
                return program
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
            said = _run(
                [*command, *(() if classes else ("-o", stem)), main],
                folder,
                makes="" if classes else stem,
                is_here=True,
            )
            (folder / COMPILER_LOG).write_text(said, "utf-8")

        key = ("compiled", *sources, *sources.values(), *command, toolchain.identify(compiler, version))
        folder = self.cache.get(key, make)
        return Program(folder / main, (str(folder / stem),))

    def shared_object(self, name: str, sources: Sequence[Path], flags: Sequence[str]) -> Path:
        """Compile several C sources, with the headers and tables beside them, into the shared object `name`.

        Raise CompileError.
        """
        files = sorted({file for source in sources for file in _inputs(source.parent)})
        text = "\0".join(file.name + "\0" + file.read_text("utf-8") for file in files)

        def make(folder: Path) -> None:
            _run([*self.cc, *flags, *map(str, sources), "-o", str(folder / name)], folder, makes=name)

        return self.cache.get(("shared", name, text, *flags, toolchain.identify(self.cc)), make) / name

    def _compile(self, filename: str, source: str, command: tuple[str, ...], compiler: str) -> Program:
        stem = filename.rpartition(".")[0]

        def make(folder: Path) -> None:
            (folder / filename).write_text(source, "utf-8")
            said = _run([*command, "-o", str(folder / stem), str(folder / filename)], folder, makes=stem)
            (folder / COMPILER_LOG).write_text(said, "utf-8")
            _note(folder, [*command, "-o", stem, filename])

        folder = self.cache.get(("program with command", filename, source, *command, compiler), make)
        return _program(folder, filename)

    def _quickly(self, quick: Quick, filename: str, source: str) -> Program | None:
        """Compile with the quick compiler; None if it has anything to say. That is kept, too: it is not asked again."""
        stem = filename.rpartition(".")[0]

        def make(folder: Path) -> None:
            (folder / filename).write_text(source, "utf-8")
            said = quick.compile(folder / filename, folder / stem)
            (folder / COMPILER_LOG).write_text(said, "utf-8")
            _note(folder, [*quick.command, "-o", stem, filename, *quick.after])

        try:
            folder = self.cache.get(("quick program", filename, source, *quick.key), make)
        except RefusedError:  # it was killed; the next time it is asked again
            return None
        is_refused = (folder / COMPILER_LOG).stat().st_size > 0
        return None if is_refused else _program(folder, filename)

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
    return (file for file in folder.iterdir() if file.suffix in (".c", ".h", ".S", ".def", ".lds"))


def _note(folder: Path, command: list[str]) -> None:
    (folder / COMPILER_COMMAND).write_text(f"{shlex.join(command)}\n", "utf-8")


def _run(command: list[str], folder: Path, *, makes: str = "", is_here: bool = False) -> str:
    """Run a compiler that fills a folder, with a file `makes` for one, in it if `is_here`; return what it says."""
    try:
        with toolchain.compiling_in(folder) as env:
            done = subprocess.run(
                command,
                cwd=folder if is_here else None,
                env=env,
                capture_output=True,
                text=True,
                errors="backslashreplace",
                timeout=_COMPILE_DEADLINE_S,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise CompileError(f"no end within {_COMPILE_DEADLINE_S} s: {' '.join(command)}") from error
    except OSError as error:  # it is not there, or nothing can be started
        raise CompileError(f"{command[0]}: {error.strerror}") from error
    if done.returncode < 0:
        raise CompileError(f"{command[0]} was ended by {signal_name(-done.returncode)}")
    if done.returncode:
        where = f"cd {folder} && " if is_here else ""
        raise CompileError(f"{where}{' '.join(command)}\n{done.stdout}{done.stderr}")
    if makes and not toolchain.has_made(folder / makes):
        raise CompileError(f"{command[0]} has made nothing: {' '.join(command)}")
    return done.stderr
