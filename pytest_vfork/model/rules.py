# SPDX-License-Identifier: MIT
"""What a case says must hold of its events; templates/rules.py reads the language in which it says so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Order:
    """Every `first` came before every `then`."""

    text: str
    first: str
    then: str
    by_value: bool

    @property
    def events(self) -> set[str]:
        """The events that it speaks of."""
        return {self.first, self.then}


@dataclass(frozen=True)
class Field:
    """What an event says: its value, pid or tid, or how often it came (`count`)."""

    name: str
    field: str


@dataclass(frozen=True)
class Expect:
    """`left` stands in `relation` (== or !=) to `right`."""

    text: str
    left: Field
    relation: str
    right: Field | int

    @property
    def events(self) -> set[str]:
        """The events that it speaks of."""
        return {side.name for side in (self.left, self.right) if isinstance(side, Field)}


@dataclass(frozen=True)
class Never:
    """The event did not come."""

    text: str
    name: str

    @property
    def events(self) -> set[str]:
        """The events that it speaks of."""
        return {self.name}


Rule = Order | Expect | Never
