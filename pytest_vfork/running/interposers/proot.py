# SPDX-License-Identifier: MIT
"""PRoot: chroot and bind mounts by ptrace, without privileges."""

from __future__ import annotations

from types import MappingProxyType

from ._before import Before


class Proot(Before):
    """Translates nothing, but looks at each path; a seccomp filter spares it the other calls."""

    name = "proot"
    executable = "proot"
    arguments = ("-r", "/")
    package = "apt-get install proot"


class ProotPtrace(Before):
    """The same without its filter: it stops at every call."""

    name = "proot-ptrace"
    executable = "proot"
    arguments = ("-r", "/")
    env = MappingProxyType({"PROOT_NO_SECCOMP": "1"})
    package = "apt-get install proot"
