# SPDX-License-Identifier: MIT
"""unshare: namespaces of its own, by util-linux."""

from __future__ import annotations

from ._before import Before


class Unshare(Before):
    """Namespaces for users, pids and mounts, and a /proc of them."""

    name = "unshare"
    executable = "unshare"
    arguments = ("-Upfr", "--mount-proc", "--kill-child")
    package = "apt-get install util-linux"
