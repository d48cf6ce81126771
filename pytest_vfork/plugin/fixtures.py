# SPDX-License-Identifier: MIT
"""The fixtures: for anybody's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..model import Observation, Program
from ..model.result import Result
from .once import session_of

if TYPE_CHECKING:
    from ..running.session import BootedInterposer, Session


@pytest.fixture(scope="session")
def vfork_session(pytestconfig: pytest.Config) -> Session:
    """The booted session of this process; an error when the interposer does not boot or does not intercept."""
    return session_of(pytestconfig)


@pytest.fixture(scope="session")
def vfork_interposer(vfork_session: Session) -> BootedInterposer:
    """The interposer that the options name, booted and seen to intercept.

    It has `.name`, `.mode`, `.version` and `.run(program, *arguments, deadline_s=None) -> Observation`.
    """
    if vfork_session.unsupported:
        pytest.skip(vfork_session.unsupported)
    return vfork_session.booted


@pytest.fixture(scope="session")
def vfork_compile(vfork_session: Session) -> Callable[..., Program]:
    """Render and compile a C template: `vfork_compile(path_or_text, **values) -> Program`.

    A template may extend our own skeleton: `{% extends "_lib/case.c.j2" %}`, with `call`, `id`, `name`, `about` and
    `build` among the values. Equal inputs are compiled once. Raises CompileError.
    """
    from ..building.render import render_text

    def compile(template: Path | str, /, **values: object) -> Program:
        text = template.read_text("utf-8") if isinstance(template, Path) else template
        name = template.name.removesuffix(".j2") if isinstance(template, Path) else "program.c"
        return vfork_session.builder.c_program(name, render_text(text, values))

    return compile


@pytest.fixture(scope="session")
def vfork_run(vfork_interposer: BootedInterposer) -> Callable[..., Observation]:
    """Run a program under the interposer: `vfork_run(program, *arguments, deadline_s=None) -> Observation`.

    The observation holds the events that the program appended to the file `{events}` (so written among the
    arguments), its wait status (None when the deadline passed), output, what it left behind, and where its threads
    were at the deadline.
    """
    return vfork_interposer.run


@pytest.fixture(scope="session")
def vfork_case(vfork_session: Session) -> Callable[..., Result]:
    """Build, run and judge a case's template (CONTRIBUTING.md): `vfork_case(path, call, variant="") -> Result`.

    Raises frontmatter.FrontMatterError.
    """
    from ..templates.frontmatter import read_case

    return lambda template, call, variant="": vfork_session.check_case(read_case(template), call, variant)


@pytest.fixture(scope="session")
def vfork_workload(vfork_session: Session) -> Callable[[Path], Result]:
    """Build, run and judge a workload's template (CONTRIBUTING.md): `vfork_workload(path) -> Result`.

    Raises frontmatter.FrontMatterError.
    """
    from ..templates.frontmatter import read_workload

    return lambda template: vfork_session.check_workload(read_workload(template))
