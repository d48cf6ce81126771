# SPDX-License-Identifier: MIT
"""Any machine, container or root that a command leads to: `ssh box {agent}`, `docker exec -i box {agent}`, `chroot`.

In the command `{agent}` stands for a shell that reads what it shall do: the agent is sent to it over its own input, and
takes its place. Without `{agent}` the command must lead to an agent that is there already.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import IO

from ...extending import Option
from ...model import Boot, Program
from ...model.words import words
from ..agent import observe, program
from ..agent.client import AgentLostError, Client
from ..agent.protocol import Run
from ..agent.shelf import Shelf
from ..agent.site import AgentSite
from ..command_line import command_here
from . import Launch, SiteError

_DEADLINE_S = 60.0
_LIBC = """#define _GNU_SOURCE
#include <stdio.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

int main(void)
{
#ifdef __GLIBC__
	return printf("glibc %s\\n", gnu_get_libc_version()) < 0;
#else
	return puts("musl") < 0;
#endif
}
"""
_READY = b"pytest-vfork ready "
# One line, for a shell reads what follows it, too, if that is there already; head(1) takes what it is to take. Where
# anything fails the shell ends, or it would wait for more.
_RECEIVE = b"""d=${TMPDIR:-/tmp}; f=$(mktemp "$d/pytest-vfork-agent-XXXXXX") && echo pytest-vfork"" ready to read && \
head -c %d >"$f" && chmod 700 "$f" && exec "$f" "$d"; exit 1
"""


class CommandSite(AgentSite):
    """Runs programs wherever a command leads; what we built is put into the agent's folder there."""

    name = "command"
    options = (
        Option(
            "site-command",
            "'CMD {agent}'",
            "With --vfork-site=command: go there by this command, as in 'ssh box {agent}'.",
        ),
    )
    _process: subprocess.Popen[bytes] | None = None
    _said: IO[bytes]
    _shelf: Shelf

    @classmethod
    def check(cls, where: str, given: Mapping[str, str]) -> None:
        """Check that there is a command; raise ValueError."""
        if not given.get("site-command"):
            raise ValueError("--vfork-site=command needs --vfork-site-command 'CMD {agent}'")
        words(given["site-command"], "--vfork-site-command")

    @classmethod
    def check_here(cls, given: Mapping[str, str]) -> None:
        """Check that the program of the command is there; raise ValueError."""
        command_here(given["site-command"], "--vfork-site-command")

    @property
    def machine(self) -> str:
        """What the agent says that it runs on; raise SiteError."""
        return self.client().hello["machine"]

    def describe(self) -> Mapping[str, str]:
        """Say what runs there; raise SiteError."""
        hello = self.client().hello
        about = {"kernel": hello["kernel"], "libc": self._libc, "machine": hello["machine"]}
        return {"site": f"{self.name}: {self.given.get('site-command', '')}", **about}

    @cached_property
    def _libc(self) -> str:
        """The libc that programs are started with there; raise SiteError if they are not."""
        argv = self.builder.for_machine(self.machine).c_program("libc.c", _LIBC).argv
        seen = self.run(Launch(Program(Path("libc"), argv), Boot(), _DEADLINE_S))
        if seen.status != 0:
            raise SiteError(f"what is built here does not start there: {seen.stderr.strip() or seen.status}")
        return seen.stdout.strip()

    def refuse(self, started: Program) -> str | None:
        """Say why a program cannot be there."""
        if str(self.builder.folder) in started.argv[0] or self.client().find(started.argv[0]):
            return None
        return f"{started.argv[0]} is not there"

    def find(self, executable: str) -> str | None:
        """Return the path of an executable there, or None."""
        if str(self.builder.folder) in executable:
            return executable
        return self.client().find(executable)

    def prepare(self, client: Client, launch: Launch) -> Run:
        """Put what we built, and name it as it is called there."""
        run, there = observe.to_run(launch), f"{client.hello['folder']}/there"
        words = [self._shelf.put_below(client, word, there) for word in run.argv]
        env = {name: self._shelf.put_below(client, value, there) for name, value in run.env.items()}
        return replace(run, argv=words, env=env, inherits=True)

    def connect(self) -> Client:
        """Start the command and, if a shell answers, send it the agent."""
        try:
            self.check(self.place, self.given)
            command = command_here(self.given["site-command"], "--vfork-site-command")
        except ValueError as error:  # this machine may be another than that which the user asked
            raise SiteError(str(error)) from error
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed when it is forgotten)
        self._process = subprocess.Popen(
            ["sh" if word == "{agent}" else word for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout
        client = Client.of_pipes(self._process.stdout, self._process.stdin, self._ended)
        try:
            if "{agent}" in command:
                self._send_agent(client)
            client.greet(_DEADLINE_S)
        except AgentLostError as error:
            client.close()
            self.disconnect()
            raise SiteError(self.explain(error)) from error
        self._shelf = Shelf(self.builder.folder, client.hello["machine"])
        return client

    def disconnect(self) -> None:
        """Wait until the command has ended: its stream is closed."""
        if self._process:
            try:
                self._process.wait(_DEADLINE_S)
            except subprocess.TimeoutExpired:  # what it leads to hangs: then it goes without a goodbye
                self._process.kill()
                self._process.wait()
        self._process = None

    def explain(self, error: Exception) -> str:
        """Say what the command itself said, too."""
        self._said.seek(0)
        complaint = self._said.read().decode("utf-8", "replace").strip()[-300:]
        why = f"no agent behind {self.given.get('site-command', '')!r}: {error}"
        return f"{why}. {complaint}" if complaint else why

    def _send_agent(self, client: Client) -> None:
        """Ask the shell for its machine, then send the agent, of which nothing else is read: it waits for the whole."""
        # A terminal may repeat what it is told: so that is not the answer to the letter.
        client.write(b'echo pytest-vfork"" ready $(uname -m)\n')
        machine = client.read_line(_READY, _DEADLINE_S)
        agent = program.static(self.builder, machine).read_bytes()
        client.write(_RECEIVE % len(agent))
        client.read_line(_READY, _DEADLINE_S)
        client.write(agent)

    def _ended(self) -> str | None:
        status = self._process.poll() if self._process else None
        return None if status is None else f"the command ended with status {status}"
