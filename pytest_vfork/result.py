# SPDX-License-Identifier: MIT
"""What one item of a run came to: facts and verdict.

It travels from an xdist worker to the controller as plain JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .model import Event, Level, Observation, Outcome, Spawn, ThreadState, Verdict, item_name


@dataclass(frozen=True)
class Result:
    """One case with one call, in one variant ("" is the plain one), or one workload (`call` is empty).

    `version` is that of a workload's program, if there is a record.
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
                "spawns": tuple(Spawn(**spawn) for spawn in plain["seen"]["spawns"]),
            }
        )
        return cls(**{**plain, "level": Level[plain["level"].upper()], "seen": seen, "verdict": verdict})


@dataclass(frozen=True)
class Rung:
    """One level of the ladder: how many items it has, how many held, which failed first, and the known deviations.

    An item that is a known deviation neither held nor failed.
    """

    level: Level
    total: int
    held: int
    first_failed: Result | None
    known: tuple[Result, ...]


def ladder(results: Iterable[Result]) -> tuple[Rung, ...]:
    """Return a rung for each level. Unsupported items do not count; a broken one counts as one that did not hold."""
    counted = sorted((r for r in results if r.verdict.outcome is not Outcome.UNSUPPORTED), key=lambda r: r.name)
    rungs = []
    for level in Level:
        here = [result for result in counted if result.level is level]
        held = [result for result in here if result.verdict.outcome in (Outcome.PASS, Outcome.XPASS)]
        known = tuple(result for result in here if result.verdict.outcome is Outcome.XFAIL)
        failed = [result for result in here if result.verdict.outcome in (Outcome.FAIL, Outcome.BROKEN)]
        rungs.append(Rung(level, len(here), len(held), failed[0] if failed else None, known))
    return tuple(rungs)


def reached(rungs: Iterable[Rung], *, but_for_known: bool = False) -> Level | None:
    """Return the highest level at which everything at and below holds; None if not even the first.

    With `but_for_known`, known deviations are passed over. A level that nothing tested is not reached.
    """
    highest = None
    for rung in rungs:
        if rung.total == 0 or rung.first_failed or (rung.known and not but_for_known):
            break
        highest = rung.level
    return highest
