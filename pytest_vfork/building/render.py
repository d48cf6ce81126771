# SPDX-License-Identifier: MIT
"""Template → source: what a case or workload reads as, for one call and variant."""

from __future__ import annotations

import functools
import platform
import re
import textwrap
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import jinja2
import jinja2.sandbox

from ..model import Case, Workload, item_name
from ..templates import frontmatter
from ..templates.places import MAIN, ours, where_parts_lie
from ..templates.variants import VARIANTS
from .headers import MARK, with_includes


class TemplateError(Exception):
    """A template cannot be rendered; the message starts with file and line."""


def render_case(
    case: Case,
    call: str,
    variant: str = "",
    *,
    by: str = "",
    machine: str = platform.machine(),
    more: Mapping[str, object] = MappingProxyType({}),
) -> str:
    """Return the C source of a case for one call and variant; raise TemplateError. `more` are values of the template.

    Self-contained, with what it does and how to compile it in its first comment, and there the compiler that has done
    so if it was another (`by`). `machine` is as uname(2) has it: its assembler is in the source.
    """
    filename = filename_of(case, call, variant)
    compiler = "musl-gcc" if variant == "musl" else "cc"
    if variant == "musl" and "judged" in more:  # the kernel's headers, of which musl has none
        compiler += f" -idirafter /usr/include -idirafter /usr/include/{machine}-linux-gnu"
    text = _render(
        case.template,
        case.template,
        id=case.id,
        name=filename.removesuffix(".c"),
        call=call,
        variant=variant,
        made=f"{call}, {VARIANTS[variant].what}" if variant else call,
        about=_about(case),
        build=f"{compiler} {' '.join(VARIANTS[variant].flags)} -o case {filename}",
        by=by,
        machine=machine,
        includes=MARK,
        gates=(),
        **more,
    )
    return re.sub(r"\n{3,}", "\n\n", with_includes(text)).strip() + "\n"


def render_workload(workload: Workload) -> Mapping[str, str]:
    """Return the sources of a workload: file name → text, the one to start first; raise TemplateError.

    The start of a folder's sources is named after the folder.
    """
    template = workload.template
    beside = sorted(template.parent.glob("*.j2")) if template.name.startswith(f"{MAIN}.") else []
    sources = {f"{workload.id.rpartition('/')[2]}.{workload.language}": template}
    sources |= {path.name.removesuffix(".j2"): path for path in beside if path != template}
    return {name: _render(path, template).strip("\n") + "\n" for name, path in sources.items()}


def filename_of(case: Case, call: str, variant: str) -> str:
    """Return the name of the file that a case is rendered into."""
    return item_name(case.id.rpartition("/")[2], call, variant).replace(":", ".") + ".c"


def line_in_template(template: Path, source: Path, line: int) -> int | None:
    """Return the line of a template that a line of a source was made from, if it stands there once and as it is."""
    wanted = source.read_text("utf-8").splitlines()[line - 1].strip()
    found = [number for number, text in enumerate(frontmatter.body(template).splitlines(), 1) if text.strip() == wanted]
    return found[0] if len(found) == 1 else None


def render_text(text: str, values: Mapping[str, object]) -> str:
    """Render a user's own C template; the skeleton of the cases is there to extend (`_lib/case.c.j2`)."""
    made = values.get("call", "")
    template = _environment(ours())[0].from_string(text)
    return with_includes(
        template.render({"gates": (), "includes": MARK, "made": made, "machine": platform.machine(), **values})
    )


def _render(path: Path, template: Path, **values: object) -> str:
    """Render one file of a case or workload, whose main file is `template`."""
    try:
        environment, mains = _environment(where_parts_lie(template))
        mains.names.add(str(path.absolute()))
        return environment.get_template(str(path.absolute())).render(values)
    except Exception as error:  # a template is a program: what it may raise is its own affair
        raise TemplateError(_explain(path, error)) from error


def _explain(path: Path, error: Exception) -> str:
    """Say where in the templates it went wrong, and how."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.filename or path}:{error.lineno}: {error.message}"
    # Jinja rewrites the traceback so that it runs through the templates
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    file, line = next((frame for frame in reversed(frames) if frame[0].endswith(".j2")), (path, 1))
    said = f"no template {error}" if isinstance(error, jinja2.TemplateNotFound) else str(error)
    return f"{file}:{line}: {said or type(error).__name__}"


@functools.cache  # it keeps what it has compiled, the skeleton above all: half of a warm run otherwise
def _environment(folders: tuple[Path, ...]) -> tuple[jinja2.Environment, _Mains]:
    """Return what renders templates whose parts lie in these folders; they reach nothing else, of Python either.

    What it makes is a program all the same, which runs as this user.
    """
    mains = _Mains()
    loader = jinja2.ChoiceLoader([mains, _Parts(folders)])
    environment = jinja2.sandbox.SandboxedEnvironment(
        loader=loader, undefined=_Strict, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    return environment, mains


class _Mains(jinja2.BaseLoader):
    """Loads cases and workloads by their absolute paths, those that are rendered and no other."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        if template not in self.names:
            raise jinja2.TemplateNotFound(template)
        path = Path(template)
        written = path.stat().st_mtime_ns
        return frontmatter.body(path), template, lambda: path.stat().st_mtime_ns == written


class _Parts(jinja2.FileSystemLoader):
    """Loads what templates share, out of its folders alone."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        found = super().get_source(environment, template)
        there = Path(found[1]).resolve()
        if not any(there.is_relative_to(Path(folder).resolve()) for folder in self.searchpath):
            folder = found[1].removesuffix(template).rstrip("/")
            # no TemplateNotFound: it is there, and `ignore missing` does not pass over it
            raise jinja2.TemplateError(
                f"{template} leads out of {folder} by a link, to {there}: copy it into the folder"
            )
        return found


class _Strict(jinja2.StrictUndefined):
    """An unknown name is an error, but may be asked about (`default`, `if`): what a case does not set is off."""

    def __bool__(self) -> bool:  # type: ignore[override]
        return False


def _about(case: Case) -> list[str]:
    lines: list[str] = []
    for label, text in (("", case.spec), ("do:   ", case.do), ("must: ", case.must)):
        lines += textwrap.wrap(label + text, 110, subsequent_indent=" " * len(label))
    return lines
