# SPDX-License-Identifier: MIT
"""This machine as a site: the agent is a child of this process."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cached_property

from ...building.builder import Builder
from ...model import Observation
from . import Launch, agents, observe
from .client import Client

_GREETING_DEADLINE_S = 30.0


class LocalSite:
    """Runs programs on this kernel. An agent that was lost costs the program that ran, and is replaced for the next."""

    name = "local"

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._process: subprocess.Popen[bytes] | None = None
        self._client: Client | None = None
        self._owner = 0

    @cached_property
    def _agent(self) -> str:
        return str(agents.local(self._builder))

    def describe(self) -> Mapping[str, str]:
        """Say what runs here."""
        libc = " ".join(platform.libc_ver())
        return {"site": self.name, "kernel": platform.release(), "libc": libc, "machine": platform.machine()}

    def find(self, executable: str) -> str | None:
        """Return the path of an executable on PATH, or None."""
        return shutil.which(executable)

    def run(self, launch: Launch) -> Observation:
        """Run the program in a folder of its own below the temporary directory."""
        return observe.run(self._connected(), launch, os.environ)

    def close(self) -> None:
        """End the agent, and by that all that it runs."""
        if self._client and self._process and self._owner == os.getpid():
            self._client.close()
            self._process.wait(_GREETING_DEADLINE_S)
        self._client = None

    def __del__(self) -> None:
        self.close()

    def _connected(self) -> Client:
        if self._client and not self._client.lost and self._owner == os.getpid():
            return self._client
        self.close()
        to_agent, from_agent = os.pipe(), os.pipe()
        self._process = subprocess.Popen(
            [self._agent, tempfile.gettempdir()],
            stdin=to_agent[0],
            stdout=from_agent[1],
            cwd="/",
            start_new_session=True,
        )
        os.close(to_agent[0])
        os.close(from_agent[1])
        self._client, self._owner = Client(from_agent[0], to_agent[1], self._ended), os.getpid()
        self._client.greet(_GREETING_DEADLINE_S)
        return self._client

    def _ended(self) -> str | None:
        status = self._process.poll() if self._process else None
        return None if status is None else f"the agent ended with status {status}"
