# SPDX-License-Identifier: MIT
"""The other builds of its program that a case may be run as, one row each; "" is the plain one."""

from __future__ import annotations

from dataclasses import dataclass

# Compiling is most of a first run: -O2 takes a sixth longer than -O1, and files between the stages longer than pipes.
# A build with these flags is made by tcc where it can (building/quick.py), which does not optimise; the O2, musl and
# static builds keep optimised code in every run.
# A function without its header would be called with whatever types its arguments happen to have.
_FLAGS = ("-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror=implicit", "-pthread", "-pipe")


@dataclass(frozen=True)
class Variant:
    """One way to build a program: `what` completes "made by vfork, ...", `remedy` says how to get what builds it."""

    name: str
    what: str
    flags: tuple[str, ...] = _FLAGS
    remedy: str = "apt-get install gcc libc6-dev"

    @property
    def is_plain(self) -> bool:
        """Whether any compiler will do: the build has neither flags nor a libc of its own."""
        return self.flags == _FLAGS and self.name != "musl"


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("", ""),
        Variant("static", "statically linked", (*_FLAGS, "-static")),
        Variant("musl", "with musl for its libc"),
        Variant("O0", "compiled without optimisation", ("-std=gnu11", "-O0", *_FLAGS[2:])),
        Variant("O2", "compiled with more optimisation", ("-std=gnu11", "-O2", *_FLAGS[2:])),
        Variant("no-pie", "at a fixed address", (*_FLAGS, "-fno-pie", "-no-pie")),
        Variant("thread", "with a thread other than the main one as its parent"),
    )
}
