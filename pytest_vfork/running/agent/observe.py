# SPDX-License-Identifier: MIT
"""From a launch to an observation, by an agent: what every site does once it has reached one."""

from __future__ import annotations

from ...judging.events import parse_events, parse_spawns
from ...model import Observation, ThreadState
from ..sites import Launch
from .client import Ran
from .protocol import Output, Run

GRACE_S = 2.0
_FILES = {"{events}": "{folder}/events", "{spawns}": "{folder}/spawns"}


def to_run(launch: Launch) -> Run:
    """Return what an agent is asked for."""
    env = {name: _fill(value) for name, value in {**launch.env, **launch.boot.env}.items()}
    return Run([_fill(word) for word in launch.boot.wrap(launch.program.argv)], env, launch.deadline_s, GRACE_S)


def to_observation(ran: Ran) -> Observation:
    """Read what an agent told of a program."""
    said = {output: ran.outputs[output].decode("utf-8", "replace") for output in Output}
    status = ran.status.wait_status if ran.status else None
    return Observation(
        events=parse_events(said[Output.EVENTS]),
        status=status,
        stdout=said[Output.STDOUT],
        stderr=said[Output.STDERR],
        elapsed_s=ran.status.elapsed_s if ran.status else 0.0,
        where=tuple(_thread(line) for line in ran.where),
        left_behind=tuple(ran.left) if status is not None else (),
        spawns=parse_spawns(said[Output.SPAWNS]) if said[Output.SPAWNS] else (),
        cpu_s=ran.status.cpu_s if ran.status else 0.0,
        runnable_s=ran.status.runnable_s if ran.status else 0.0,
    )


def _thread(line: str) -> ThreadState:
    pid, tid, state, wchan, syscall, shares, comm = line.split(" ", 6)
    return ThreadState(int(pid), int(tid), comm, state, wchan, syscall, "" if shares == "-" else shares)


def _fill(text: str) -> str:
    for name, value in _FILES.items():
        text = text.replace(name, value)
    return text
