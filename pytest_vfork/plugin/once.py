# SPDX-License-Identifier: MIT
"""What is made once for a run and asked for by many: the options, the interposers of others, the session."""

from __future__ import annotations

import pkgutil
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from ..running import interposers
from .options import Options, read_options

if TYPE_CHECKING:
    from ..running.interposers import Factory
    from ..running.session import Session

_OPTIONS = pytest.StashKey[Options]()
_FACTORIES = pytest.StashKey[Mapping[str, "Factory"]]()
_SEED = pytest.StashKey[int]()
_SESSION = pytest.StashKey["Session | str"]()


def prepare(config: pytest.Config) -> None:
    """Read and check the options; raise pytest.UsageError."""
    added: dict[str, Factory] = {}
    for more in config.hook.pytest_vfork_interposers():
        added.update(more)
    config.stash[_FACTORIES] = added
    config.stash[_OPTIONS] = read_options(
        config,
        {*(module.name for module in pkgutil.iter_modules(interposers.__path__)), *added},
        lambda name: interposers.modes_of(name, added),
    )
    worker = getattr(config, "workerinput", None)
    config.stash[_SEED] = worker["vfork_seed"] if worker else random.getrandbits(32)
    if worker is None and options_of(config).expectations:
        _check_expectations(options_of(config))


def options_of(config: pytest.Config) -> Options:
    """Return the options of a run, checked."""
    return config.stash[_OPTIONS]


def factories_of(config: pytest.Config) -> Mapping[str, Factory]:
    """Return the interposers that other packages added."""
    return config.stash[_FACTORIES]


def seed_of(config: pytest.Config) -> int:
    """Return the seed of the run, the same in every xdist worker."""
    return config.stash[_SEED]


def session_of(config: pytest.Config) -> Session:
    """Return the booted session of this process; fail if the interposer does not boot or does not intercept.

    What failed once fails for every item, and is not tried again.
    """
    from ..building.toolchain import NoCompilerError
    from ..running.interposers import InterposerError
    from ..running.run import open_session

    if _SESSION not in config.stash:
        try:
            config.stash[_SESSION] = open_session(options_of(config), factories_of(config), seed_of(config))
        except (InterposerError, NoCompilerError) as error:
            config.stash[_SESSION] = str(error)
    session = config.stash[_SESSION]
    if isinstance(session, str):
        pytest.fail(f"vfork: {session}", pytrace=False)
    return session


def _check_expectations(options: Options) -> None:
    from ..judging.expectations import ExpectationError
    from ..running.session import known_deviations

    try:
        known_deviations(options)
    except ExpectationError as error:
        raise pytest.UsageError(str(error)) from error
