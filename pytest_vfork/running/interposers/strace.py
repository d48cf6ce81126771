# SPDX-License-Identifier: MIT
"""strace: a tracer that prints calls."""

from __future__ import annotations

from ._before import Before


class Strace(Before):
    """Follows what the program makes, as most people use it, and prints to nowhere."""

    name = "strace"
    executable = "strace"
    arguments = ("-f", "-o", "/dev/null")
    package = "apt-get install strace"


class StraceSeccomp(Before):
    """Stops the program at the calls of the process family alone: a seccomp filter is put into it."""

    name = "strace-seccomp"
    executable = "strace"
    arguments = ("-f", "--seccomp-bpf", "-e", "trace=%process", "-o", "/dev/null")
    package = "apt-get install strace"
