# SPDX-License-Identifier: MIT
"""This machine as a site: the agent is a child of this process."""

from __future__ import annotations

import functools
import os
import platform
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ...building import own
from ...model import Observation
from ..agent import observe, program
from ..agent.client import AgentLostError, Client
from ..agent.protocol import Run
from ..agent.site import AgentSite
from . import Launch, SiteError

_DEADLINE_S = 30.0  # for a hello and for a goodbye


class LocalSite(AgentSite):
    """Runs programs on this kernel, in this process's environment."""

    name = "local"
    _process: subprocess.Popen[bytes]
    _folder: Path
    _killed = 0

    def describe(self) -> Mapping[str, str]:
        """Say what runs here."""
        libc = " ".join(platform.libc_ver())
        return {"site": self.name, "kernel": platform.release(), "libc": libc, "machine": platform.machine()}

    def find(self, executable: str) -> str | None:
        """Return the path of an executable on PATH, or None."""
        return shutil.which(executable)

    def prepare(self, client: Client, launch: Launch) -> Run:
        """Add this process's environment."""
        run = observe.to_run(launch)
        return replace(run, env={**os.environ, **run.env})

    def look_back(self, seen: Observation) -> Observation:
        """See whether the kernel has killed one of ours for want of memory: it may have been of this program."""
        before, self._killed = self._killed, _killed_for_memory()
        if self._killed != before:
            raise SiteError(
                "the kernel has killed a process for want of memory while this program ran: see free, dmesg"
            )
        return seen

    def connect(self) -> Client:
        """Start the agent."""
        agent = str(program.local(self.builder))
        try:
            # a name that nobody can have guessed, and taken before the agent makes it
            self._folder = own.place_to_run() / f"pytest-vfork-{secrets.token_hex(8)}"
        except ValueError as error:
            raise SiteError(str(error)) from error
        to_agent, from_agent = os.pipe(), os.pipe()
        try:
            self._process = subprocess.Popen(
                [agent, str(self._folder)], stdin=to_agent[0], stdout=from_agent[1], cwd="/", start_new_session=True
            )
        except OSError as error:
            for fd in (*to_agent, *from_agent):
                os.close(fd)
            raise SiteError(f"the agent on local does not start: {agent}: {error.strerror}") from error
        os.close(to_agent[0])
        os.close(from_agent[1])
        self._killed = _killed_for_memory()
        client = Client(from_agent[0], to_agent[1], self._ended)
        try:
            client.greet(_DEADLINE_S)
        except AgentLostError as error:
            client.close()
            self.disconnect()
            raise SiteError(self.explain(error)) from error
        return client

    def disconnect(self) -> None:
        """Wait until the agent has ended all that it ran; if it was killed, its folder is left to be taken away."""
        try:
            self._process.wait(_DEADLINE_S)
        except subprocess.TimeoutExpired:  # it hangs: what it runs ends with it
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):  # the kernel holds it, and nobody can end it
                self._process.wait(_DEADLINE_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ended(self) -> str | None:
        status = self._process.poll()
        return None if status is None else f"it ended with status {status}"


def _killed_for_memory() -> int:
    """Return how many processes of our cgroup the kernel has killed for want of memory."""
    killed = 0
    for file in _counters():
        try:
            lines = file.read_text("ascii").splitlines()
        except OSError:  # the root of version 2 has none
            continue
        killed += sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    return killed


@functools.cache
def _counters() -> tuple[Path, ...]:
    """Return where that is counted (cgroups(7)): of version 2, and of version 1."""
    files = []
    try:
        lines = Path("/proc/self/cgroup").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            files.append(Path(f"/sys/fs/cgroup{path}/memory.events"))
        elif "memory" in controllers.split(","):
            files.append(Path(f"/sys/fs/cgroup/memory{path}/memory.oom_control"))
    return tuple(files)
