"""An interposer that a package brings: with its version, what it needs, what it cannot take, and what it breaks."""

import importlib.metadata
import shutil
from pathlib import Path

from pytest_vfork import Boot, Interposer, UnsupportedError


class MyInterposer(Interposer):
    """Runs each program with a clean environment, and says so."""

    name = "my-interposer"
    expectations = Path(__file__).with_name("known.toml")

    @property
    def version(self):
        return importlib.metadata.version("my-interposer")

    def boot(self, log=None):
        env = shutil.which("env")
        if env is None:
            raise UnsupportedError("env is not on PATH: apt-get install coreutils")
        return Boot(prefix=(env, "-i", "LANG=C"))
