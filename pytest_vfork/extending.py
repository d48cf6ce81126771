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
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import ClassVar, TypeVar

GROUP = "pytest_vfork"
# What is an option of the plugin or of `pytest-vfork run` already.
TAKEN = (
    "mode", "interposer", "site", "observer", "claim", "calls", "expectations", "deadline", "cc", "cases",
    "list-faults", "allow-unexplained", "log",
)  # fmt: skip


class ExtensionError(Exception):
    """An extension is made wrongly; the message names its class and says what is wrong."""


@dataclass(frozen=True)
class Option:
    """One option of an extension: --vfork-NAME on the command line, vfork_NAME in ini files."""

    name: str
    metavar: str
    help: str


class Extension:
    """What every extension has: a name by which it is chosen, and options of its own.

    `at_least` are the methods that a class of this kind must have, `one_of` those of which it must have one.
    """

    name: ClassVar[str] = ""
    options: ClassVar[tuple[Option, ...]] = ()
    at_least: ClassVar[tuple[str, ...]] = ()
    one_of: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def mistake(cls) -> str:
        """Say what is wrong with the class itself, nothing if nothing is."""
        if not (isinstance(cls.name, str) and re.fullmatch(r"[\w.+-]+", cls.name)):
            return f"name is {cls.name!r}, want a word"
        if not (cls.at_least or cls.one_of):
            return "is derived from none of Interposer, Site, Observer and Reporter"
        missing = [method for method in cls.at_least if not cls._has(method)]
        if missing:
            return f"has no {' and no '.join(missing)}"
        if cls.one_of and not any(map(cls._has, cls.one_of)):
            return f"has neither {' nor '.join(cls.one_of)}"
        if not (isinstance(cls.options, tuple | list) and all(isinstance(option, Option) for option in cls.options)):
            return f"options is {cls.options!r}, want a tuple of Option, with a comma after the only one"
        for option in cls.options:
            if not all(isinstance(text, str) for text in (option.name, option.metavar, option.help)):
                return f"{option!r}: want strings"
            if not re.fullmatch(r"[A-Za-z][\w-]*", option.name):
                return f"an option is called {option.name!r}, want a word"
            if option.name in TAKEN:
                return f"an option is called {option.name!r}, and --vfork-{option.name} is the plugin's own"
        return ""

    @classmethod
    def _has(cls, method: str) -> bool:
        """Say whether a method is more than what the base of this kind has."""
        base = next(kind for kind in cls.__mro__ if {"at_least", "one_of"} & vars(kind).keys())
        return getattr(cls, method) is not getattr(base, method)

    @classmethod
    def check_here(cls, given: Mapping[str, str]) -> None:
        """Check that what the values of its options name is on this machine; raise ValueError, which says what is not.

        This is asked of the interposer and the site when a session starts, unless its workers are on other machines.
        """


AnExtension = TypeVar("AnExtension", bound=Extension)


def found(base: type[AnExtension], folder: ModuleType, more: Iterable[type] = ()) -> dict[str, type[AnExtension]]:
    """Return the extensions of one kind by name: those of `folder`, of installed packages, and of `more`.

    Raise ExtensionError.
    """
    kinds: dict[str, type[AnExtension]] = {}
    for kind in (*_in_folder(folder), *_of_packages(), *more):
        if issubclass(kind, base) and kind.name:
            other = kinds.get(kind.name, kind)
            if class_name(other) != class_name(kind):  # -p conftest may load a class once more
                raise ExtensionError(
                    f"{class_name(kind)}: name is {kind.name!r}, and so is that of {class_name(other)}: call it "
                    "something else"
                )
            kinds[kind.name] = kind
    return kinds


def class_name(kind: type) -> str:
    """Return what messages call a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def is_built_in(kind: type[Extension]) -> bool:
    """Say whether an extension is of this package, not somebody else's."""
    return kind.__module__.startswith(f"{__package__}.")


def of_hooks(answers: Iterable[Iterable[type]]) -> tuple[type[Extension], ...]:
    """Flatten what the hook `pytest_vfork_extensions` returned; raise ExtensionError for what is no extension."""
    kinds: list[type[Extension]] = []
    for answer in answers:
        if inspect.isclass(answer) or not isinstance(answer, Iterable):
            what = class_name(answer) if inspect.isclass(answer) else repr(answer)
            raise ExtensionError(f"pytest_vfork_extensions: it returns {what}, want a list of classes")
        kinds += map(_checked, answer)
    return tuple(kinds)


def _checked(kind: object) -> type[Extension]:
    if not (inspect.isclass(kind) and issubclass(kind, Extension)):
        raise ExtensionError(f"pytest_vfork_extensions: {kind!r} is no class of an extension")
    if wrong := kind.mistake():
        raise ExtensionError(f"{class_name(kind)}: {wrong}")
    return kind


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
    return tuple(_checked(_loaded(point)) for point in importlib.metadata.entry_points(group=GROUP))


def _loaded(point: importlib.metadata.EntryPoint) -> object:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise ExtensionError(f"the entry point {point.name} = {point.value} does not load: {error}") from error
