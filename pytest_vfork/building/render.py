# SPDX-License-Identifier: MIT
"""Template → source: what a case or workload reads as, for one call and variant."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import jinja2

from ..model import Case, Workload, item_name
from ..templates import frontmatter, places
from ..templates.variants import VARIANTS
from .headers import MARK, with_includes


def render_case(case: Case, call: str, variant: str = "") -> str:
    """Return the C source of a case for one call and variant.

    Self-contained, with what it does and how to compile it in its first comment.
    """
    filename = filename_of(case, call, variant)
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


def filename_of(case: Case, call: str, variant: str) -> str:
    """Return the name of the file that a case is rendered into."""
    return item_name(case.id.rpartition("/")[2], call, variant).replace(":", ".") + ".c"


def render_text(text: str, values: Mapping[str, object]) -> str:
    """Render a user's own C template; the skeleton of the cases is there to extend (`_lib/case.c.j2`)."""
    made = values.get("call", "")
    return with_includes(
        _environment().from_string(text).render({"gates": (), "includes": MARK, "made": made, **values})
    )


@functools.cache  # it keeps what it has compiled, the skeleton above all: half of a warm run otherwise
def _environment() -> jinja2.Environment:
    shared = [places.folder("c_tests"), places.folder("fixtures")]
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
