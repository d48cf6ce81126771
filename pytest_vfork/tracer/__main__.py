# SPDX-License-Identifier: MIT
"""`python -m pytest_vfork.tracer [--mode MODE] [--log FILE] -- CMD ARG...`: runs a command under the tracer.

MODE is native (only look on), fork, reissue or emulate. The exit status is the command's; it returns when the last
process that the command has left behind ends, as `strace -f` does.
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
        given, argv = getopt.getopt(arguments, "", ["mode=", "log="])
    except getopt.GetoptError as error:
        return _complain(str(error), _USAGE)
    options = dict(given)
    mode = options.get("--mode", "native")
    if mode not in _MODES or not argv:
        return _complain(f"want --mode {{{','.join(_MODES)}}}, --log FILE and a command", _USAGE)
    try:
        from . import kernel
    except ImportError:
        return _complain("python-ptrace is not installed: pip install 'pytest-vfork[ptrace]'", _NO_PTRACE)
    from . import loop, program
    from .log import SpawnLog

    log = SpawnLog(options["--log"]) if "--log" in options else None
    flags = kernel.FOLLOW | (kernel.PTRACE_O_TRACESECCOMP if mode != "native" else 0)
    try:
        pid = program.start(argv, mode, flags)
    except kernel.PtraceError as error:
        return _complain(f"cannot trace: {error}", _NO_PTRACE)
    loop.forward(pid)
    return program.end_like(loop.Tracer(mode, flags, log).run(pid))


def _complain(text: str, status: int) -> int:
    os.write(2, f"pytest_vfork.tracer: {text}\n".encode())
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
