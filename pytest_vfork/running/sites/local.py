# SPDX-License-Identifier: MIT
"""This machine as a site: the agent is a child of this process."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace

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

    def connect(self) -> Client:
        """Start the agent."""
        to_agent, from_agent = os.pipe(), os.pipe()
        agent = str(program.local(self.builder))
        self._process = subprocess.Popen(
            [agent, tempfile.gettempdir()], stdin=to_agent[0], stdout=from_agent[1], cwd="/", start_new_session=True
        )
        os.close(to_agent[0])
        os.close(from_agent[1])
        client = Client(from_agent[0], to_agent[1], self._ended)
        try:
            client.greet(_DEADLINE_S)
        except AgentLostError as error:
            raise SiteError(self.explain(error)) from error
        return client

    def disconnect(self) -> None:
        """Wait until the agent has ended all that it ran."""
        self._process.wait(_DEADLINE_S)

    def _ended(self) -> str | None:
        status = self._process.poll()
        return None if status is None else f"it ended with status {status}"
