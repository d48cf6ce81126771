# SPDX-License-Identifier: MIT
"""The page of the console command, docs/cli.md: what argparse knows of it, without what differs between Pythons."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..cli import Parser
from ..pages import render_page


@dataclass(frozen=True)
class Option:
    """`name` is as it is typed, with what it takes."""

    name: str
    meaning: str


@dataclass(frozen=True)
class Command:
    """A command of `pytest-vfork`; `status` says what its exit status means."""

    name: str
    what: str
    usage: str
    description: str
    options: tuple[Option, ...]
    status: str


def page(parser: argparse.ArgumentParser) -> str:
    """Return docs/cli.md."""
    return render_page(Path(__file__).with_name("cli.md.j2"), commands=list(read(parser)))


def read(parser: argparse.ArgumentParser) -> Iterator[Command]:
    """Read the commands of a parser. argparse has no public way to ask for them."""
    subparsers = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    whats = {action.dest: action.help or "" for action in subparsers._choices_actions}
    for name, one in subparsers.choices.items():
        actions = [action for action in one._actions if not isinstance(action, argparse._HelpAction)]
        taken = " ".join(_positional(one, action) for action in actions if not action.option_strings)
        options = " [OPTION ...]" if any(action.option_strings for action in actions) else ""
        yield Command(
            name,
            whats[name],
            f"pytest-vfork {name}{options} {taken}".rstrip(),
            one.description or "",
            tuple(Option(_name(action), (action.help or "").replace("|", "\\|")) for action in actions),
            one.epilog or "",
        )


def _positional(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    if isinstance(parser, Parser) and action.dest == parser.rest:
        return f"[-- {action.metavar} ...]"
    many = {"+": f"{action.metavar} [{action.metavar} ...]", "*": f"[{action.metavar} ...]"}
    return many.get(str(action.nargs), str(action.metavar))


def _name(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{action.metavar}`".replace("|", "\\|")
    takes = "" if action.nargs == 0 else f" {action.metavar or (action.dest.upper() if not action.choices else 'NAME')}"
    text = f"`{', '.join(action.option_strings)}{takes}`"
    return f"{text} ({', '.join(action.choices)})" if action.choices and not action.metavar else text
