# SPDX-License-Identifier: MIT
"""Valgrind: a program is translated as it runs, and a tool looks on."""

from __future__ import annotations

from ._before import Before


class Valgrind(Before):
    """The tool that does nothing: what is left is the translation."""

    name = "valgrind"
    executable = "valgrind"
    arguments = ("--tool=none", "-q", "--trace-children=yes")
    package = "apt-get install valgrind"


class Memcheck(Before):
    """The tool that most people use."""

    name = "valgrind-memcheck"
    executable = "valgrind"
    arguments = ("--tool=memcheck", "-q", "--trace-children=yes")
    package = "apt-get install valgrind"
