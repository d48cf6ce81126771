# SPDX-License-Identifier: MIT
"""User-mode Linux as a site: a kernel that is a program, with this machine's files below it.

Its first serial line is what it reads and writes itself, and there is its agent.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ...model import Program
from ..agent import observe, program
from ..agent.client import AgentLostError, Client
from ..agent.protocol import Run
from ..agent.site import AgentSite
from . import Launch, SiteError

_BOOT_DEADLINE_S = 60.0
_END_DEADLINE_S = 30.0
_MEMORY = "512M"


class UmlSite(AgentSite):
    """Runs programs on a user-mode kernel: Debian's linux.uml, or the one whose path follows the name."""

    name = "uml"
    where = "the path of another user-mode kernel"
    _process: subprocess.Popen[bytes] | None = None

    def describe(self) -> Mapping[str, str]:
        """Say what runs here; raise SiteError."""
        libc = " ".join(platform.libc_ver())
        done = subprocess.run([self._kernel(), "--version"], capture_output=True, text=True, timeout=60, check=False)
        kernel = (done.stdout.split() or ["?"])[0]
        return {"site": "uml", "kernel": kernel, "libc": libc, "machine": platform.machine()}

    def find(self, executable: str) -> str | None:
        """Return the path of an executable on PATH, or None: the files are this machine's."""
        return shutil.which(executable)

    def refuse(self, started: Program) -> str | None:
        """Say why a program cannot be there: /tmp is a guest's own."""
        return (
            f"{started.argv[0]} is in /tmp, which is another one there" if started.argv[0].startswith("/tmp/") else None
        )

    def prepare(self, client: Client, launch: Launch) -> Run:
        """Let programs have the environment of the agent."""
        return replace(observe.to_run(launch), inherits=True)

    def connect(self) -> Client:
        """Boot it."""
        init, agent = (made(self.builder, platform.machine()) for made in (program.init, program.static))
        words = [
            f"mem={_MEMORY}", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "quiet", f"init={init}",
            "ssl0=fd:0,fd:1", "con=null", "con0=null,fd:2", "port=/dev/ttyS0", f"agent={agent}", "once=1", "panic=-1",
        ]  # fmt: skip
        kernel = self._kernel()
        said = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed when it is forgotten)
        self._process = subprocess.Popen(
            [kernel, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout
        client = Client.of_pipes(self._process.stdout, self._process.stdin, self._ended)
        try:
            client.greet(_BOOT_DEADLINE_S)
        except AgentLostError as error:
            client.close()
            self.disconnect()
            said.seek(0)
            panic = next((line.decode("utf-8", "replace").strip() for line in said if b"panic" in line), "")
            why = f"user-mode Linux did not boot: {error}"
            raise SiteError(f"{why}. {panic}" if panic else why) from error
        return client

    def disconnect(self) -> None:
        """Wait until it has powered off: its stream is closed."""
        if self._process:
            try:
                self._process.wait(_END_DEADLINE_S)
            except subprocess.TimeoutExpired:  # it hangs
                self._process.kill()
                self._process.wait()
        self._process = None

    def _kernel(self) -> str:
        kernel = shutil.which(self.place or "linux.uml")
        if kernel is None or not Path(kernel).is_file():
            raise SiteError(f"{self.place or 'linux.uml'} is not here: apt-get install user-mode-linux")
        return kernel

    def _ended(self) -> str | None:
        status = self._process.poll() if self._process else None
        return None if status is None else f"it ended with status {status}"
