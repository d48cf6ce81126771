# SPDX-License-Identifier: MIT
"""sandlock: a sandbox of Landlock and seccomp, whose supervisor is asked about calls (seccomp_unotify(2))."""

from __future__ import annotations

import importlib.metadata
import sys

from ...model import Boot
from . import Interposer, UnsupportedError

# Not from the folder that the program runs in, which Python would look in first.
_RUN = """
import sys
del sys.path[0]
from sandlock import Sandbox
sys.exit(Sandbox(fs_readable=["/"], fs_writable=["/"]).run_interactive(sys.argv[1:]))
"""


class Sandlock(Interposer):
    """Sees all files, under its own default filter. Killed by a signal, a program ends with 255."""

    name = "sandlock"

    @property
    def version(self) -> str:
        """The version of the package, which must be installed for the Python that runs pytest."""
        try:
            return importlib.metadata.version("sandlock")
        except importlib.metadata.PackageNotFoundError:
            return "not installed"

    def boot(self, log: str | None = None) -> Boot:
        """Return the command that starts a program in the sandbox; raise UnsupportedError."""
        if self.version == "not installed":
            raise UnsupportedError("sandlock is not installed: pip install sandlock")
        return Boot((sys.executable, "-c", _RUN))
