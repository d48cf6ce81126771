# SPDX-License-Identifier: MIT
"""gVisor: a kernel in user space. Its programs see Linux 4.4, and calls that it lacks."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import ClassVar

from ...model import Boot
from . import InterposerError
from ._before import Before

# A plain file as standard output is written from its beginning, again and again; the exit status goes around the pipe.
_THROUGH_A_PIPE = """
exec 4>&1
status=$( { { "$@" 3>&- 4>&-; echo $? >&3; } | cat >&4 3>&-; } 3>&1 )
exit "$status"
"""


class _Runsc(Before):
    """`runsc do`: one sandbox a program, that sees the files of this machine through a file server."""

    executable = "runsc"
    platform: ClassVar[str]
    package = "apt-get install runsc, or go build gvisor.dev/gvisor/runsc@go"

    @classmethod
    def variable(cls) -> str:
        """Both platforms are of one executable."""
        return "VFORK_RUNSC"

    def boot(self, log: str | None = None) -> Boot:
        """Return the command; its state lies in a folder of this user."""
        root = Path(tempfile.gettempdir()) / f"pytest-vfork-runsc-{os.getuid()}"
        root.mkdir(mode=0o700, exist_ok=True)
        about = root.lstat()  # anybody may have made it, or a link, where we look for it
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
            raise InterposerError(f"{root} is not this user's alone: remove it, or set TMPDIR to another folder")
        flags = (
            f"--root={root}",
            "--network=none",
            f"--platform={self.platform}",
            "--ignore-cgroups",
            "do",
            "-quiet",
            "-force-overlay=false",
        )
        return Boot(("sh", "-c", _THROUGH_A_PIPE, "sh", self.find(), *flags))


class RunscPtrace(_Runsc):
    """Its oldest platform: the sentry traces the program."""

    name = "gvisor-ptrace"
    platform = "ptrace"


class RunscSystrap(_Runsc):
    """The platform of today: a filter traps each call, and a stub hands it to the sentry."""

    name = "gvisor-systrap"
    platform = "systrap"
