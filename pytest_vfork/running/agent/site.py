# SPDX-License-Identifier: MIT
"""What all sites have in common: they reach an agent, and have it run programs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...model import Observation
from ..sites import Launch, Site, SiteError
from . import observe
from .client import AgentLostError, Client, RefusedError
from .protocol import ProtocolError, Run

if TYPE_CHECKING:
    from ...building.builder import Builder


class AgentSite(Site):
    """A site whose agent is reached in a way of its own.

    One that was lost costs the program that ran, and is reached anew. A process that is forked off this one reaches an
    agent of its own.
    """

    def __init__(self, builder: Builder, where: str = "", given: Mapping[str, str] | None = None) -> None:
        super().__init__(builder, where, given)
        self._client: Client | None = None
        self._owner = 0

    def connect(self) -> Client:
        """Reach an agent that has not been reached yet; raise SiteError."""
        raise NotImplementedError(f"{type(self).__name__}.connect")

    def disconnect(self) -> None:
        """End what `connect` began, if anything."""

    def prepare(self, client: Client, launch: Launch) -> Run:
        """Put what the program needs where the agent is, and return what to ask it for."""
        return observe.to_run(launch)

    def look_back(self, seen: Observation) -> Observation:
        """Add to what an agent saw what is seen of the site itself; raise SiteError if that spoils it."""
        return seen

    def explain(self, error: Exception) -> str:
        """Say why a program did not run to its end here."""
        return f"the agent on {self.name} was lost: {error}"

    def client(self) -> Client:
        """Return the client of the agent, which is reached if need be; raise SiteError."""
        if self._client and not self._client.lost and self._owner == os.getpid():
            return self._client
        self.close()
        self._client, self._owner = self.connect(), os.getpid()
        return self._client

    def run(self, launch: Launch) -> Observation:
        """Run the program in a folder of its own, below a keeper of its own; raise SiteError."""
        client = self.client()
        try:
            seen = observe.to_observation(client.run(self.prepare(client, launch)))
        except AgentLostError as error:
            raise SiteError(self.explain(error)) from error
        except (RefusedError, ProtocolError) as error:
            raise SiteError(str(error)) from error
        return self.look_back(seen)

    def close(self) -> None:
        """End the agent, and by that all that it runs."""
        if self._client and self._owner == os.getpid():
            self._client.close()
            self.disconnect()
        self._client = None
