# SPDX-License-Identifier: MIT
"""A kernel as a site: the agent is in a guest, behind a virtio port.

Programs have the paths that they have here: what they need is put there when it is needed first.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...building.cache import CacheError
from ...model import Observation, Program
from ..agent import observe, program
from ..agent.client import Client
from ..agent.protocol import Run
from ..agent.shelf import Shelf
from ..agent.site import AgentSite
from ..kernels import accelerator, archive, guest, image
from . import Launch, SiteError
from .local import LocalSite

if TYPE_CHECKING:
    from ...building.builder import Builder

MEMORY_MIB = 1024
# An emulated kernel panics or hangs in one boot of some dozens, before anything of ours runs in it.
_MOST_FAILED_BOOTS = 3  # in a row


class KernelSite(AgentSite):
    """Runs programs in a guest of its own, which is booted for the first program and again when it was lost."""

    name = "kernel"
    where = "SERIES, oldest, newest or a path; @MACHINE after it"

    def __init__(self, builder: Builder, where: str = "", given: Mapping[str, str] | None = None) -> None:
        series, at, machine = where.partition("@")
        series = series or "newest"
        super().__init__(builder, f"{series}{at}{machine}", given)
        self._machine = machine or platform.machine()
        self._wanted = series
        self._local = LocalSite(builder)
        self._guest: guest.Guest | None = None
        self._shelf = Shelf(builder.folder, self._machine)
        self._failed_boots = 0
        self._notes: list[str] = []

    @property
    def machine(self) -> str:
        """The machine that is emulated; raise SiteError if that cannot be."""
        if self._machine not in guest.MACHINES:
            raise SiteError(f"no guests of machine {self._machine!r}; there are {', '.join(guest.MACHINES)}")
        return self._machine

    def describe(self) -> Mapping[str, str]:
        """Say what runs here; raise SiteError."""
        kernel = self._kernel()
        libc = " ".join(platform.libc_ver()) if self._machine == platform.machine() else "musl"  # toolchain.zig
        return {"site": f"{self.name}:{self.place}", "kernel": kernel.version, "libc": libc, "machine": self._machine}

    def find(self, executable: str) -> str | None:
        """Return the path of an executable that can be put into a guest, or None."""
        path = shutil.which(executable)
        return path if path and self._shelf.refuse(path) is None else None

    def refuse(self, started: Program) -> str | None:
        """Say why a program cannot be there."""
        return self._shelf.refuse(started.argv[0])

    def connect(self) -> Client:
        """Boot the guest. One that does not come up is booted again, which is told of with what runs in it then."""
        if self._failed_boots >= _MOST_FAILED_BOOTS:
            raise SiteError(
                f"kernel:{self.place} did not boot {self._failed_boots} times in a row, and is not tried again"
            )
        kernel = self._kernel()
        initrd = self._initramfs(kernel)

        def boots(how: str, deadline_s: float) -> None:
            self._boot(kernel, initrd, how, deadline_s)

        how = accelerator.choose(self._machine, image.folder_of_user(), boots)
        while True:
            try:
                client = self._boot(kernel, initrd, how, guest.BOOT_DEADLINE_S)
                break
            except guest.GuestError as error:
                self._failed_boots += 1
                if self._failed_boots >= _MOST_FAILED_BOOTS:
                    raise SiteError(str(error)) from error
                self._notes.append(f"booted again: {guest.gist(str(error))}")
        self._failed_boots = 0
        self._shelf.clear()
        self._shelf.put_tools(client)
        return client

    def disconnect(self) -> None:
        """End the guest."""
        if self._guest:
            self._guest.end()
        self._guest = None

    def close(self) -> None:
        """End the guest and the agent that keeps it."""
        super().close()
        self._local.close()

    def prepare(self, client: Client, launch: Launch) -> Run:
        """Put what the program needs into the guest."""
        run = observe.to_run(launch)
        for word in (*run.argv, *run.env.values()):
            self._shelf.put_for(client, word)
        return replace(run, inherits=True)

    def look_back(self, seen: Observation) -> Observation:
        """Add what the guest's kernel complained of while the program ran."""
        alarms = self._guest.alarms() if self._guest else ()
        if guest.out_of_memory(alarms):
            raise SiteError(self._guest.explain("the guest ran out of memory") if self._guest else "")
        alarms = (*self._notes, *alarms)
        self._notes.clear()
        return replace(seen, alarms=alarms) if alarms else seen

    def explain(self, error: Exception) -> str:
        """Say what became of the guest."""
        why = f"the guest of kernel:{self.place} was lost while this program ran: {error}"
        return self._guest.explain(why) if self._guest else why

    def _boot(self, kernel: image.Kernel, initrd: Path, how: str, deadline_s: float) -> Client:
        self.disconnect()
        self._guest = guest.Guest(self._local.client(), kernel, initrd, how, MEMORY_MIB)
        try:
            return self._guest.boot(deadline_s)
        except guest.GuestError:
            self.disconnect()
            raise

    def _kernel(self) -> image.Kernel:
        missing = guest.lacking(self._machine)
        if missing:
            raise SiteError(missing)
        try:
            return image.find(self._wanted, self._machine, image.folder_of_user())
        except (image.KernelError, archive.ArchiveError, CacheError) as error:
            raise SiteError(str(error)) from error

    def _initramfs(self, kernel: image.Kernel) -> Path:
        agent = program.static(self.builder, self._machine)
        init = program.init(self.builder, self._machine)
        key = ("initramfs", str(agent), str(init), *(module.read_bytes().hex() for module in kernel.modules))

        def make(folder: Path) -> None:
            (folder / "initramfs").write_bytes(guest.initramfs(init, agent, kernel.modules))

        return self.builder.cache.get(key, make) / "initramfs"
