# SPDX-License-Identifier: MIT
"""Starts the program as if nobody had: its environment and signals are those that the tracer was started with."""

from __future__ import annotations

import os
import signal

from . import filter, kernel


def start(argv: list[str], mode: str, options: int) -> int:
    """Start the program under this tracer, from its exec on, and return its pid."""
    gate, gate_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(gate_end)
        _become(argv, mode, gate)
    os.close(gate)
    try:
        kernel.seize(pid, options)
        os.write(gate_end, b"x")
    finally:
        os.close(gate_end)  # without a byte in it, the child gives up
    return pid


def _become(argv: list[str], mode: str, gate: int) -> None:
    status = 126
    try:
        if os.read(gate, 1):
            if mode != "native":
                filter.install(mode)
            # Python ignores these two for itself.
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            os.execvpe(argv[0], argv, _environment())
    except OSError as error:
        status = 127 if isinstance(error, FileNotFoundError) else 126
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(status)


def _environment() -> dict[bytes, bytes]:
    """The environment as this process got it: Python puts LC_CTYPE into its own (PEP 538)."""
    with open("/proc/self/environ", "rb") as file:
        pairs = (entry.partition(b"=") for entry in file.read().split(b"\0"))
        return {name: value for name, is_pair, value in pairs if name and is_pair}


def end_like(status: int) -> int:
    """Return the program's exit status; if a signal killed it, die of the same one, without a core of our own."""
    if os.WIFSIGNALED(status):
        import resource

        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (number,))
        os.kill(os.getpid(), number)
    return os.waitstatus_to_exitcode(status) & 0xFF
