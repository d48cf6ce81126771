# SPDX-License-Identifier: MIT
"""What one item of a run came to: facts and verdict.

It travels from an xdist worker to the controller as plain JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from . import Event, Level, Observation, Outcome, Spawn, ThreadState, Verdict, item_name


@dataclass(frozen=True)
class Result:
    """One case with one call, in one variant ("" is the plain one), or one workload (`call` is empty).

    `version` is that of a workload's program, if there is a record; `at` says what it ran on: site, kernel, libc and
    machine (nothing, if it did not get so far).
    """

    id: str
    call: str
    level: Level
    spec: str
    must: str
    source: str
    seen: Observation | None
    verdict: Verdict
    link: str = ""
    variant: str = ""
    version: str = ""
    at: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return id, call and variant as one word, the test's own parameter."""
        return item_name(self.id, self.call, self.variant)

    def to_json(self) -> dict[str, Any]:
        """Return plain dicts, lists, strings and numbers."""
        plain = asdict(self)
        plain["level"] = self.level.word
        plain["verdict"]["outcome"] = self.verdict.outcome.value
        return {key: [*value] if isinstance(value, tuple) else value for key, value in plain.items()}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Result:
        """Read what `to_json` returned."""
        verdict = Verdict(**{**plain["verdict"], "outcome": Outcome(plain["verdict"]["outcome"])})
        seen = plain["seen"] and Observation(
            **{
                **plain["seen"],
                "events": tuple(Event(**event) for event in plain["seen"]["events"]),
                "where": tuple(ThreadState(**thread) for thread in plain["seen"]["where"]),
                "left_behind": tuple(plain["seen"]["left_behind"]),
                "alarms": tuple(plain["seen"].get("alarms", ())),  # which older records lack
                "spawns": tuple(Spawn(**spawn) for spawn in plain["seen"]["spawns"]),
            }
        )
        return cls(**{**plain, "level": Level[plain["level"].upper()], "seen": seen, "verdict": verdict})


class Results(tuple[Result, ...]):
    """All results of a run, and what it lacks to be a whole one.

    `missing` says of the items that came to no result of what level they are, by why they did not.
    """

    missing: Mapping[str, Sequence[Level]]

    def __new__(cls, results: Iterable[Result], missing: Mapping[str, Sequence[Level]]) -> Results:
        """Make it of the results and of what is missing."""
        self = super().__new__(cls, results)
        self.missing = missing
        return self
