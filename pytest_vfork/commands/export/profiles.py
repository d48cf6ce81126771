# SPDX-License-Identifier: MIT
"""Which items are exported: all, or a small set that a young kernel or emulator can run from its first day."""

from __future__ import annotations

from ...building.render import render_case
from ...model import CALLS_OF_LIBC, Case

PROFILES = ("all", "core", "core-without-exec")

# No kcmp, ptrace, namespace, privilege or thread; of /proc the look at the state of a task alone, which does without.
CORE = {
    "suspension/parent-waits-until-exec": ("vfork", "libc-vfork", "clone-stack", "clone3", "posix_spawn"),
    "suspension/parent-waits-until-exit": ("vfork", "libc-vfork", "clone", "clone3-stack"),
    "suspension/parent-resumes-at-exec-not-at-exit": ("libc-vfork",),
    "suspension/parent-resumes-when-child-is-killed": ("libc-vfork",),
    "suspension/failed-exec-then-exit-releases-parent": ("libc-vfork",),
    "suspension/nested-calls-are-released-from-the-inside-out": ("libc-vfork",),
    "suspension/stopped-child-keeps-parent-suspended": ("libc-vfork",),
    "memory/write-of-child-is-in-parent-after-its-exit": ("vfork", "libc-vfork", "clone3"),
    "memory/write-of-child-is-in-parent-after-its-exec": ("libc-vfork",),
    "memory/stack-of-parent-is-shared-with-child": ("libc-vfork", "clone-stack"),
    "memory/mapping-made-by-child-is-in-parent": ("libc-vfork",),
    "memory/munmap-by-child-unmaps-in-parent": ("libc-vfork",),
    "memory/memory-of-parent-is-intact-after-exec-of-child": ("libc-vfork", "posix_spawn"),
    "signals/handled-signal-waits-until-release": ("libc-vfork",),
    "signals/sigkill-ends-the-suspended-parent-at-once": ("libc-vfork",),
    "signals/signal-to-the-child-does-not-release-the-parent": ("libc-vfork",),
    "signals/handlers-reset-in-the-child-stay-in-the-parent": ("libc-vfork",),
    "copies/signal-mask-is-a-copy": ("libc-vfork",),
    "copies/signal-dispositions-are-a-copy": ("libc-vfork",),
    "copies/umask-is-a-copy": ("libc-vfork",),
    "identity/call-returns-the-pid-of-a-new-process": ("libc-vfork",),
    "identity/parent-of-child-is-the-caller": ("libc-vfork",),
    "identity/exit-code-of-child-is-reported-once": ("libc-vfork", "clone3-stack", "posix_spawn"),
    "identity/signal-that-killed-the-child-is-reported": ("libc-vfork",),
    "identity/sigchld-tells-pid-and-status-of-the-child": ("libc-vfork",),
    "identity/failed-posix-spawn-reports-the-error-and-leaves-no-child": ("posix_spawn",),
}  # fmt: skip

# What the judge spoils, and why: it calls main() of the program that it is in.
SPOILED = {
    "memory/command-line-of-child-is-that-of-parent-until-exec": (
        "it reads the command line that the program was started with, which is the judge's"
    ),
}


def holds(profile: str, case: Case, call: str, variant: str) -> bool:
    """Say whether an item belongs to a profile."""
    if profile == "all":
        return True
    in_core = not variant and call in CORE.get(case.id, ())
    return in_core and (profile == "core" or not _executes(case, call))


def _executes(case: Case, call: str) -> bool:
    source = render_case(case, call)
    return call in CALLS_OF_LIBC or any(word in source for word in ("execve", "execvp", "posix_spawn(", "system("))
