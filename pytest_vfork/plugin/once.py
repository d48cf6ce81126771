# SPDX-License-Identifier: MIT
"""What is made once for a run and asked for by many: what can be chosen, what was chosen, the session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..extending import ExtensionError, of_hooks
from ..templates import places
from .options import Kinds, Options, read_options

if TYPE_CHECKING:
    from ..running.session import Session

_KINDS = pytest.StashKey[Kinds]()
_OPTIONS = pytest.StashKey[Options]()
_ROOTS = pytest.StashKey[tuple[Path, ...]]()
_SESSION = pytest.StashKey["Session | str"]()


def kinds_of(config: pytest.Config) -> Kinds:
    """Return every extension that can be chosen; raise pytest.UsageError for what is none."""
    if _KINDS not in config.stash:
        try:
            config.stash[_KINDS] = Kinds.found(of_hooks(config.hook.pytest_vfork_extensions()))
        except ExtensionError as error:
            raise pytest.UsageError(f"vfork: {error}") from error
    return config.stash[_KINDS]


def options_of(config: pytest.Config) -> Options:
    """Return the options of a run, checked; raise pytest.UsageError."""
    if _OPTIONS not in config.stash:
        config.stash[_OPTIONS] = read_options(config, kinds_of(config))
    return config.stash[_OPTIONS]


def roots_of(config: pytest.Config) -> tuple[Path, ...]:
    """Return the folders of templates that we know of: ours, then those that the user named."""
    if _ROOTS not in config.stash:
        given = (config.invocation_params.dir / path for path in config.option.vfork_cases)
        named = [Path(path).resolve() for path in (*config.getini("vfork_cases"), *given)]
        for path in named:
            if not path.is_dir():
                raise pytest.UsageError(f"--vfork-cases: no such folder: {path}")
        config.stash[_ROOTS] = (*(path.resolve() for path in places.ours()), *named)
    return config.stash[_ROOTS]


def ids_of(config: pytest.Config) -> tuple[str, ...]:
    """Return the ids that an expectation may speak of: of the suite, of the user's folders, and of where he points."""
    from ..templates import suite

    ids = suite.ids(*roots_of(config)[len(places.ours()) :])
    if options_of(config).expectations is None:
        return ids
    pointed_at = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    found = (file for path in pointed_at for file in (path.rglob("*.j2") if path.is_dir() else (path,)))
    return (*ids, *(places.id_of(file) for file in found))


class Mistake(str):
    """Why there is no session: a class of somebody else's is made wrongly."""


def is_mistaken(config: pytest.Config) -> bool:
    """Say whether it is for a mistake in somebody's class that there is no session."""
    return isinstance(config.stash.get(_SESSION, None), Mistake)


def session_of(config: pytest.Config) -> Session:
    """Return the booted session of this process; fail if the interposer does not boot or does not intercept.

    What failed once fails for every item, and is not tried again.
    """
    if _SESSION not in config.stash:
        config.stash[_SESSION] = _open(config)
    session = config.stash[_SESSION]
    if isinstance(session, str):
        pytest.fail(f"vfork: {session}", pytrace=False)
    return session


def _open(config: pytest.Config) -> Session | str:
    from ..building.builder import CompileError
    from ..building.cache import CacheError
    from ..building.toolchain import NoCompilerError
    from ..judging.expectations import ExpectationError
    from ..running.interposers import InterposerError, MistakeError
    from ..running.session import RUN_OUT, ran_out
    from ..running.sites import SiteError
    from .opening import open_session

    try:
        session = open_session(options_of(config), ids_of(config))
    except MistakeError as error:
        return Mistake(error)
    except (InterposerError, SiteError, NoCompilerError, ExpectationError, CompileError, CacheError) as error:
        return str(error)
    except OSError as error:
        if error.errno not in RUN_OUT:
            raise
        return ran_out(error)
    except MemoryError as error:
        return ran_out(error)
    config.add_cleanup(session.close)
    return session
