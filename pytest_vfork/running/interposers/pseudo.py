# SPDX-License-Identifier: MIT
"""pseudo: fakeroot as the Yocto project has it, with a database."""

from __future__ import annotations

from types import MappingProxyType

from ._before import Before


class Pseudo(Before):
    """Wraps the calls about files, and fork, vfork, clone and exec, to take itself along."""

    name = "pseudo"
    executable = "pseudo"
    env = MappingProxyType({"PSEUDO_LOCALSTATEDIR": "/tmp/pytest-vfork-pseudo"})
    package = "apt-get install pseudo"
    asking = ("-V",)
    takes_static = False
