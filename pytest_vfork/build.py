# SPDX-License-Identifier: MIT
"""Template → source → program, through the cache."""

from __future__ import annotations

import functools
import re
import subprocess
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import jinja2

from . import frontmatter, resources, toolchain, variants
from .cache import Cache
from .headers import MARK, with_includes
from .languages import LANGUAGES
from .model import Case, Program, Workload, item_name
from .variants import VARIANTS

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
        command = variants.command(variant, self.cc)
        compiler = toolchain.identify(command[: -len(VARIANTS[variant].flags)])
        return self._compile(_filename(case, call, variant), render_case(case, call, variant), command, compiler)

    def c_program(self, filename: str, source: str, flags: Sequence[str] = CASE_FLAGS) -> Program:
        """Compile one C source under the name `filename`; raise CompileError."""
        return self._compile(filename, source, (*self.cc, *flags), toolchain.identify(self.cc))

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
        return Program(folder / filename, (str(folder / stem),))

    def script(self, sources: Mapping[str, str], command: tuple[str, ...]) -> Program:
        """Keep scripts under their names and return how to start the first of them."""

        def make(folder: Path) -> None:
            for name, text in sources.items():
                (folder / name).write_text(text, "utf-8")

        folder = self.cache.get(("script", *sources, *sources.values()), make)
        main = folder / next(iter(sources))
        return Program(main, (*command, str(main)))


def render_case(case: Case, call: str, variant: str = "") -> str:
    """Return the C source of a case for one call and variant.

    Self-contained, with what it does and how to compile it in its first comment.
    """
    filename = _filename(case, call, variant)
    compiler = "musl-gcc" if variant == "musl" else "cc"
    text = (
        _environment()
        .get_template(str(case.template.absolute()))
        .render(
            id=case.id,
            name=filename.removesuffix(".c"),
            call=call,
            variant=variant,
            made=f"{call}, {VARIANTS[variant].what}" if variant else call,
            about=_about(case),
            build=f"{compiler} {' '.join(VARIANTS[variant].flags)} -o case {filename}",
            includes=MARK,
            gates=(),
        )
    )
    return re.sub(r"\n{3,}", "\n\n", with_includes(text)).strip() + "\n"


def render_workload(workload: Workload) -> Mapping[str, str]:
    """Return the sources of a workload: file name → text, the one to start first.

    The start of a folder's sources is named after the folder.
    """
    template = workload.template
    beside = sorted(template.parent.glob("*.j2")) if template.name.startswith(f"{frontmatter.MAIN}.") else []
    sources = {f"{workload.id.rpartition('/')[2]}.{workload.language}": template}
    sources |= {path.name.removesuffix(".j2"): path for path in beside if path != template}
    render = _environment().get_template
    return {name: render(str(path.absolute())).render().strip("\n") + "\n" for name, path in sources.items()}


def _filename(case: Case, call: str, variant: str) -> str:
    return item_name(case.id.rpartition("/")[2], call, variant).replace(":", ".") + ".c"


def render_text(text: str, values: Mapping[str, object]) -> str:
    """Render a user's own C template; the skeleton of the cases is there to extend (`_lib/case.c.j2`)."""
    made = values.get("call", "")
    return with_includes(
        _environment().from_string(text).render({"gates": (), "includes": MARK, "made": made, **values})
    )


@functools.cache  # it keeps what it has compiled, the skeleton above all: half of a warm run otherwise
def _environment() -> jinja2.Environment:
    shared = [resources.folder("c_tests"), resources.folder("fixtures")]
    loaders = [jinja2.FunctionLoader(_load), jinja2.FileSystemLoader(shared)]
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders), undefined=_Strict, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )


def _load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
    """Load a case or workload by its absolute path; what stands in _lib is the other loader's."""
    path = Path(name)
    if not path.is_absolute():
        return None
    written = path.stat().st_mtime_ns
    return frontmatter.body(path), name, lambda: path.stat().st_mtime_ns == written


class _Strict(jinja2.StrictUndefined):
    """An unknown name is an error, but may be asked about (`default`, `if`): what a case does not set is off."""

    def __bool__(self) -> bool:  # type: ignore[override]
        return False


def _about(case: Case) -> list[str]:
    lines: list[str] = []
    for label, text in (("", case.spec), ("do:   ", case.do), ("must: ", case.must)):
        lines += textwrap.wrap(label + text, 110, subsequent_indent=" " * len(label))
    return lines


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
