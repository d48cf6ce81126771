# SPDX-License-Identifier: MIT
"""bubblewrap: a sandbox of namespaces."""

from __future__ import annotations

from ._before import Before


class Bubblewrap(Before):
    """Sees all files, in namespaces of its own."""

    name = "bubblewrap"
    executable = "bwrap"
    arguments = (
        "--bind",
        "/",
        "/",
        "--dev-bind",
        "/dev",
        "/dev",
        "--proc",
        "/proc",
        "--unshare-all",
        "--die-with-parent",
    )
    package = "apt-get install bubblewrap"
