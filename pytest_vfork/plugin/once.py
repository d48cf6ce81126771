# SPDX-License-Identifier: MIT
"""What is made once for a run and asked for by many: what can be chosen, what was chosen, the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..extending import of_hooks
from .options import Kinds, Options, read_options

if TYPE_CHECKING:
    from ..running.session import Session

_KINDS = pytest.StashKey[Kinds]()
_OPTIONS = pytest.StashKey[Options]()
_SESSION = pytest.StashKey["Session | str"]()


def kinds_of(config: pytest.Config) -> Kinds:
    """Return every extension that can be chosen; raise pytest.UsageError for what is none."""
    if _KINDS not in config.stash:
        try:
            config.stash[_KINDS] = Kinds.found(of_hooks(config.hook.pytest_vfork_extensions()))
        except TypeError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[_KINDS]


def options_of(config: pytest.Config) -> Options:
    """Return the options of a run, checked; raise pytest.UsageError."""
    if _OPTIONS not in config.stash:
        config.stash[_OPTIONS] = read_options(config, kinds_of(config))
    return config.stash[_OPTIONS]


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
    from ..building.toolchain import NoCompilerError
    from ..running.interposers import InterposerError
    from ..running.sites import SiteError
    from .opening import open_session

    try:
        session = open_session(options_of(config))
    except (InterposerError, SiteError, NoCompilerError) as error:
        return str(error)
    config.add_cleanup(session.close)
    return session
