# SPDX-License-Identifier: MIT
"""How the parts that others may add are found: interposers, sites, observers and reporters.

Each is a class derived from one of four bases. It is found, in this order, in the folder of its base (one file, one
class), among the entry points of the group `pytest_vfork` of installed packages, and in what the hook
`pytest_vfork_extensions` of a conftest.py or plugin returns.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import ClassVar, TypeVar

GROUP = "pytest_vfork"


@dataclass(frozen=True)
class Option:
    """One option of an extension: --vfork-NAME on the command line, vfork_NAME in ini files."""

    name: str
    metavar: str
    help: str


class Extension:
    """What every extension has: a name by which it is chosen, and options of its own."""

    name: ClassVar[str] = ""
    options: ClassVar[tuple[Option, ...]] = ()

    @classmethod
    def check_here(cls, given: Mapping[str, str]) -> None:
        """Check that what the values of its options name is on this machine; raise ValueError, which says what is not.

        This is asked of the interposer and the site when a session starts, unless its workers are on other machines.
        """


AnExtension = TypeVar("AnExtension", bound=Extension)


def found(base: type[AnExtension], folder: ModuleType, more: Iterable[type] = ()) -> dict[str, type[AnExtension]]:
    """Return the extensions of one kind by name: those of `folder`, of installed packages, and of `more`."""
    every = (*_in_folder(folder), *_of_packages(), *more)
    return {kind.name: kind for kind in every if issubclass(kind, base) and kind.name}


def of_hooks(answers: Iterable[Iterable[type]]) -> tuple[type[Extension], ...]:
    """Flatten what the hook `pytest_vfork_extensions` returned; raise TypeError for what is no extension."""
    kinds = tuple(kind for answer in answers for kind in answer)
    for kind in kinds:
        if not (inspect.isclass(kind) and issubclass(kind, Extension) and kind.name):
            raise TypeError(f"pytest_vfork_extensions: {kind!r} is no class of an extension with a name")
    return kinds


@cache
def _in_folder(folder: ModuleType) -> tuple[type, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__) if not module.name.startswith("_"))
    modules = (importlib.import_module(f"{folder.__name__}.{name}") for name in names)
    return tuple(kind for module in modules for kind in _made_in(module))


def _made_in(module: ModuleType) -> Iterator[type]:
    for kind in vars(module).values():
        if inspect.isclass(kind) and issubclass(kind, Extension) and kind.__module__ == module.__name__:
            yield kind


@cache  # a scan of all that is installed takes some milliseconds
def _of_packages() -> tuple[type[Extension], ...]:
    return of_hooks([[point.load() for point in importlib.metadata.entry_points(group=GROUP)]])
