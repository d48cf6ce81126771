# SPDX-License-Identifier: MIT
"""`python -m pytest_vfork.running.tracer [--mode MODE] [--log FILE] [--events FILE] -- CMD ARG...`: runs a command.

MODE is native (only look on), fork, reissue or emulate. --log appends a line for each spawn; --events, in mode native,
one for each thing that the kernel tells of the command (events.py). The exit status is the command's; the tracer ends
when the last process that the command has left behind does, as `strace -f`.
"""

from __future__ import annotations

import getopt
import os
import sys

_USAGE, _NO_PTRACE = 2, 126
_MODES = ("native", "fork", "reissue", "emulate")


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status."""
    try:
        given, argv = getopt.getopt(arguments, "", ["mode=", "log=", "events="])
    except getopt.GetoptError as error:
        return _complain(str(error), _USAGE)
    options = dict(given)
    mode = options.get("--mode", "native")
    if mode not in _MODES or not argv or ("--events" in options and mode != "native"):
        want = f"--mode {{{','.join(_MODES)}}}, --log FILE, --events FILE (in mode native) and a command"
        return _complain(f"want {want}", _USAGE)
    try:
        from . import kernel
    except ImportError:
        return _complain("python-ptrace is not installed: pip install 'pytest-vfork[ptrace]'", _NO_PTRACE)
    from . import events, loop, program
    from .log import SpawnLog

    log = SpawnLog(options["--log"]) if "--log" in options else None
    flags = kernel.FOLLOW | (kernel.PTRACE_O_TRACESECCOMP if mode != "native" else 0)
    if "--events" in options:
        flags |= kernel.PTRACE_O_TRACEVFORKDONE | kernel.PTRACE_O_TRACEEXIT
        tracer: loop.Tracer = events.Observer(flags, log, options["--events"])
    else:
        tracer = loop.Tracer(mode, flags, log)
    try:
        pid = program.start(argv, mode, flags)
    except kernel.PtraceError as error:
        return _complain(f"cannot trace: {error}", _NO_PTRACE)
    loop.forward(pid)
    return program.end_like(tracer.run(pid))


def _complain(text: str, status: int) -> int:
    os.write(2, f"pytest_vfork.running.tracer: {text}\n".encode())
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
