# SPDX-License-Identifier: MIT
"""qemu-user: a program for one machine runs on another; here both are x86-64."""

from __future__ import annotations

from ._before import Before


class QemuUser(Before):
    """Translates the program; what that executes, it hands to the kernel, and so loses."""

    name = "qemu-user"
    executable = "qemu-x86_64"
    package = "apt-get install qemu-user"
