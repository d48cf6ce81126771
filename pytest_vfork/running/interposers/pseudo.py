# SPDX-License-Identifier: MIT
"""pseudo: fakeroot as the Yocto project has it, with a database."""

from __future__ import annotations

from pathlib import Path

from ...model import Boot
from ._before import Before

# The first that asks starts a server, which stays for those to come: each program has its own, that ends with it.
_WITH_A_SERVER = """
export PSEUDO_LOCALSTATEDIR="$PWD/.pseudo"
mkdir -p "$PSEUDO_LOCALSTATEDIR"
pseudo=$1
"$@"
status=$?
"$pseudo" -S
exit "$status"
"""


class Pseudo(Before):
    """Wraps the calls about files, and fork, vfork, clone and exec, to take itself along."""

    name = "pseudo"
    executable = "pseudo"
    package = "apt-get install pseudo"
    asking = ("-V",)
    takes_static = False

    def boot(self, log: str | None = None) -> Boot:
        """Return the command behind a shell that ends its server; raise UnsupportedError."""
        found = self.find()
        prefix = str(Path(found).parent.parent)  # it says on standard error what it takes if nobody says it
        return Boot(("sh", "-c", _WITH_A_SERVER, "sh", found), {"PSEUDO_PREFIX": prefix})
