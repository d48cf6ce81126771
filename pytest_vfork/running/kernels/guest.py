# SPDX-License-Identifier: MIT
"""One guest: qemu as a program that the agent of this machine keeps, so that it ends with us, however we end."""

from __future__ import annotations

import os
import re
import shutil
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..agent.client import AgentLostError, Client, RefusedError
from ..agent.protocol import Output, Run
from . import cpio
from .image import Kernel

BOOT_DEADLINE_S = 90.0  # an emulated kernel on a busy machine: 6 s on an idle one
_FOREVER_S = 7 * 86400.0
_PAUSE_S = 0.02
_CONSOLE_LIMIT = 1 << 24
_TOLD_LINES = 15
_PORT = "agent.0"
# What the kernel says on its console when something is wrong with it, and not with a program.
_ALARM = re.compile(r"WARNING:|BUG:|Oops|Kernel panic|general protection fault|soft lockup|rcu.*stall|Call Trace")
_OUT_OF_MEMORY = re.compile(r"Out of memory|oom-killer|System is deadlocked on memory")


class GuestError(Exception):
    """The guest did not boot or was lost; the message ends with what its console said last."""


@dataclass(frozen=True)
class Machine:
    """How a machine is emulated: the program, its arguments, and where the kernel's console is."""

    qemu: str
    package: str
    arguments: tuple[str, ...]
    console: str
    cpu: str = "max"  # what is emulated


MACHINES: Mapping[str, Machine] = {
    "x86_64": Machine(
        "qemu-system-x86_64",
        "qemu-system-x86",
        ("-machine", "q35"),
        "ttyS0",
        # microvm hangs. With cx16, 6 of 15 boots of 6.12 on a loaded machine (QEMU 7.2) ended in an oops at a
        # cmpxchg16b of the kernel's allocator, and 0 of 15 without it. Why, was not found out.
        cpu="max,-cx16",
    ),
    "aarch64": Machine("qemu-system-aarch64", "qemu-system-arm", ("-machine", "virt,gic-version=3"), "ttyAMA0"),
    "riscv64": Machine("qemu-system-riscv64", "qemu-system-misc", ("-machine", "virt"), "ttyS0", cpu="rv64"),
}


def initramfs(init: Path, agent: Path, modules: Sequence[Path]) -> bytes:
    """Return the initramfs of a guest: nothing but the first process, the agent, and modules."""
    folders = {name: cpio.folder() for name in ("dev", "proc", "sys", "tmp", "run", "root", "etc")}
    links = {name: cpio.link(f"usr/{name}") for name in ("bin", "sbin", "lib", "lib64")}
    content = {"init": init, "agent": agent, **{f"modules/{module.name}": module for module in modules}}
    files = {name: cpio.file(path.read_bytes(), 0o755) for name, path in content.items()}
    usr = {f"usr/{name}": cpio.folder() for name in ("bin", "sbin", "lib", "lib64")}
    return cpio.archive({**folders, **usr, **links, **files, "etc/passwd": cpio.file(b"root:x:0:0::/root:/bin/sh\n")})


def command(kernel: Kernel, initrd: Path, accelerator: str, memory_mib: int) -> list[str]:
    """Return the command line of qemu; its console is its own output, the agent is at a socket in its folder."""
    machine = MACHINES[kernel.machine]
    # A kernel that oopses is not one to go on with; -1 and -no-reboot: qemu ends with it.
    words = f"console={machine.console} loglevel=5 oops=panic panic=-1 mitigations=off"
    return [
        machine.qemu, *machine.arguments, "-accel", accelerator,
        "-cpu", machine.cpu if accelerator != "kvm" else "host",
        "-smp", "2", "-m", str(memory_mib), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-kernel", str(kernel.vmlinuz), "-initrd", str(initrd), "-append", words,
        "-chardev", "file,id=console,path=/dev/stdout,append=on", "-serial", "chardev:console",
        "-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,path={_PORT},server=on,wait=off",
        "-device", f"virtserialport,chardev=agent,name={_PORT}",
        "-chardev", "socket,id=line,path=line,server=on,wait=off", "-serial", "chardev:line",
    ]  # fmt: skip


class Guest:
    """A running guest. `host` is the client of this machine's agent, below which qemu runs."""

    def __init__(self, host: Client, kernel: Kernel, initrd: Path, accelerator: str, memory_mib: int) -> None:
        self._host = host
        argv = command(kernel, initrd, accelerator, memory_mib)
        environment = {"PATH": os.environ.get("PATH", "")}
        self._id = host.start(Run(argv, environment, _FOREVER_S, output_limit=_CONSOLE_LIMIT))
        self._folder = Path(host.hello["folder"]) / str(self._id)
        self._read = 0
        self._last = ""
        self._client: Client | None = None

    def boot(self, deadline_s: float = BOOT_DEADLINE_S) -> Client:
        """Return the client of the agent in the guest as soon as it answers; raise GuestError."""
        until = time.monotonic() + deadline_s
        try:
            device = self._await_device(until)
            name = "line" if device.startswith("/dev/tty") else _PORT
            stream = _connect(self._folder / name)
            self._client = Client(stream, stream, self.wrong)
            self._client.greet(max(until - time.monotonic(), 1.0))
        except (AgentLostError, OSError) as error:
            raise GuestError(self.explain(f"the guest did not boot: {error}")) from error
        self.alarms()  # what a kernel says while it boots is not about a program
        return self._client

    def wrong(self) -> str | None:
        """Say what became of qemu; None while it runs."""
        try:
            ran = self._host.poll(self._id)
        except AgentLostError as error:
            return f"the agent of this machine is gone: {error}"
        if ran is None:
            return None
        self._last = ran.outputs[Output.STDOUT].decode("utf-8", "replace")
        complaint = ran.outputs[Output.STDERR].decode("utf-8", "replace").strip()
        return f"qemu ended{': ' + complaint[-300:] if complaint else ''}"

    def alarms(self) -> tuple[str, ...]:
        """Return what the kernel has complained of since this was asked last."""
        text = self.console()
        new, self._read = text[self._read :], len(text)
        return tuple(
            line for line in map(_untimed, new.splitlines()) if _ALARM.search(line) or _OUT_OF_MEMORY.search(line)
        )

    def console(self) -> str:
        """Return all that the console has said."""
        try:
            return self._last or (self._folder / "stdout").read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def explain(self, why: str) -> str:
        """Return the sentence with the end of the console below it."""
        lines = [line for line in self.console().splitlines() if line.strip()]
        fatal = [line for line in lines[:-_TOLD_LINES] if "Kernel panic" in line or "BUG:" in line]
        end = [*fatal[-2:], *lines[-_TOLD_LINES:]]  # the registers of a panic hide what it was about
        return "\n".join((why, *(("its console ended with:", *end) if end else ("its console said nothing",))))

    def end(self) -> None:
        """End qemu and wait until it is gone."""
        if self._client:
            self._client.close()
        try:
            self._host.cancel(self._id)
            self._host.wait(self._id, 30.0)
        except (AgentLostError, RefusedError, KeyError):
            pass  # then the agent of this machine has ended it, or nobody has it any more

    def _await_device(self, until: float) -> str:
        """Wait until the console says where in the guest its agent is."""
        while True:
            found = re.search(r"pytest-vfork: agent at (\S+)\r?\n", self.console())
            if found:
                return found[1]
            wrong = self.wrong()
            if wrong:
                raise AgentLostError(wrong)
            if time.monotonic() > until:
                raise AgentLostError("its time is over")
            time.sleep(_PAUSE_S)  # a pause between looks


def gist(why: str) -> str:
    """Return the first line of what `explain` returned, and the panic, if there was one."""
    first, *console = why.splitlines()
    panic = [_untimed(line) for line in console if "Kernel panic" in line]
    return "; ".join((first, *panic[-1:]))


def out_of_memory(alarms: Sequence[str]) -> bool:
    """Say whether the kernel had to kill somebody for memory."""
    return any(_OUT_OF_MEMORY.search(line) for line in alarms)


def lacking(machine: str) -> str | None:
    """Say what is missing here to emulate a machine, and how to get it."""
    if machine not in MACHINES:
        return f"no guests of machine {machine!r}; there are {', '.join(MACHINES)}"
    if shutil.which(MACHINES[machine].qemu) is None:
        return (
            f"{MACHINES[machine].qemu} is not here: apt-get install --no-install-recommends {MACHINES[machine].package}"
        )
    return None


def _connect(path: Path) -> int:
    """Connect to a socket by way of its folder's descriptor: the path of a socket may be 107 bytes long (unix(7))."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{path.name}")
        return connection.detach()
    finally:
        connection.close()
        os.close(folder)


def _untimed(line: str) -> str:
    return re.sub(r"^\[ *\d+\.\d+\] ", "", line.strip())
