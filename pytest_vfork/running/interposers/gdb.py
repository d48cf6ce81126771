# SPDX-License-Identifier: MIT
"""gdb: a debugger, that runs a program from start to end."""

from __future__ import annotations

from ...model import Boot
from ._before import Before


class Gdb(Before):
    """Debugs the first process alone, as gdb does by default; every signal is passed on.

    What gdb says itself is kept out of the output of the program.
    """

    name = "gdb"
    executable = "gdb"
    # what the program writes goes to what was standard output before gdb was sent to nowhere
    arguments = (
        "-q", "-nx", "-batch", "-ex", "set confirm off", "-ex", "handle all nostop noprint pass",
        "-ex", "handle SIGINT nostop noprint pass",  # which gdb leaves out of all, as its own
        "-ex", "set exec-wrapper sh -c 'exec \"$@\" >&3 3>&-' sh", "-ex", "run",
        "-ex", "quit $_isvoid($_exitcode) ? 255 : $_exitcode", "--args",
    )  # fmt: skip
    package = "apt-get install gdb"

    def boot(self, log: str | None = None) -> Boot:
        """Return the command behind a shell that puts standard output aside."""
        return Boot(("sh", "-c", 'exec 3>&1 "$@" >/dev/null', "sh", *super().boot(log).prefix))
