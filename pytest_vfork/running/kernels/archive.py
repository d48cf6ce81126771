# SPDX-License-Identifier: MIT
"""Kernels from Debian's archive, by apt with a configuration of its own: nothing is installed here by it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# apt refuses what has expired: sid, forky
SUITES = ("bullseye", "bookworm", "bookworm-backports", "trixie", "trixie-backports")
# uname(2)'s machine → Debian's name of it, and the flavour of kernel that has the least in it
ARCHITECTURES = {
    "x86_64": ("amd64", "cloud-amd64"),
    "aarch64": ("arm64", "cloud-arm64"),
    "riscv64": ("riscv64", "riscv64"),
}
_DEADLINE_S = 600
_LISTS_AGE_S = 86400
_NAME = re.compile(
    r"linux-(?P<kind>image|binary)-(?P<version>(?P<series>\d+\.\d+)[\d.]*[-+\w.]*?)-(?P<flavour>[a-z-]*\w+)"
)


class ArchiveError(Exception):
    """No kernel comes from the archive; the message says why and what to do."""


@dataclass(frozen=True)
class Package:
    """A kernel that can be had: `series` is its first two numbers, `version` what is between kind and flavour."""

    name: str
    series: str
    version: str


class Archive:
    """The archive that the machine's own sources name, in all suites that have kernels."""

    def __init__(self, folder: Path, machine: str) -> None:
        self._folder = folder / "apt"
        self._machine = machine
        self._unread = ""  # why not all of the archive could be read

    def packages(self, *, fresh: bool = False) -> tuple[Package, ...]:
        """Return the kernels of the archive, older ones first; raise ArchiveError."""
        self._update(fresh)
        _, flavour = ARCHITECTURES[self._machine]
        names = self._apt("apt-cache", "pkgnames", "linux-").split()
        found = (_NAME.fullmatch(name.partition(":")[0]) for name in names)
        best: dict[str, Package] = {}
        for match in filter(None, found):
            if match["flavour"] != flavour:
                continue
            # from 6.19 on the package linux-image is empty, and linux-binary has the kernel
            if match["version"] not in best or match["kind"] == "binary":
                best[match["version"]] = Package(match[0], match["series"], match["version"])
        if not best and self._unread:
            raise ArchiveError(self._unread)
        return tuple(sorted(best.values(), key=lambda package: numbers(package.version)))

    def newest(self, series: str) -> Package:
        """Return the newest kernel of a series; `newest` and `oldest` are series, too. Raise ArchiveError."""
        packages = self.packages()
        if not packages:
            raise ArchiveError(f"the archive has no kernel for {self._machine}")
        every = list(dict.fromkeys(package.series for package in packages))
        wanted = {"oldest": every[0], "newest": every[-1]}.get(series, series)
        candidates = [package for package in packages if package.series == wanted]
        if not candidates:
            why = f"; not all of it could be read: {self._unread}" if self._unread else ""
            raise ArchiveError(f"no kernel of series {series!r} in the archive; it has {', '.join(every)}{why}")
        return candidates[-1]

    def download(self, package: Package, into: Path) -> Path:
        """Download a package into a folder; return the file. Raise ArchiveError."""
        architecture, _ = ARCHITECTURES[self._machine]
        self._apt("apt-get", "download", f"{package.name}:{architecture}", cwd=into)
        return next(into.glob(f"{package.name}_*.deb"))

    def _update(self, fresh: bool) -> None:
        stamp = self._folder / "updated"
        if not fresh and stamp.exists() and time.time() - stamp.stat().st_mtime < _LISTS_AGE_S:
            return
        if shutil.which("apt-get") is None:
            raise ArchiveError("no apt-get here: give the path of a vmlinuz or of a .deb, --vfork-site=kernel:PATH")
        self._configure()
        try:
            self._apt("apt-get", "update", "-q")
        except ArchiveError as error:
            self._unread = str(error)  # what was there yesterday still is, and what could be read now
            return
        stamp.touch()

    def _configure(self) -> None:
        for name in ("state/lists/partial", "cache/archives/partial", "parts"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        mirror, signed_by = mirror_of_this_machine()
        architecture, _ = ARCHITECTURES[self._machine]
        options = f"[arch={architecture}{f' signed-by={signed_by}' if signed_by else ''}]"
        lines = (f"deb {options} {mirror} {suite} main\n" for suite in SUITES)
        (self._folder / "sources.list").write_text("".join(lines), "utf-8")
        (self._folder / "status").touch()
        (self._folder / "apt.conf").write_text(
            f"""\
Dir::Etc::SourceList "{self._folder}/sources.list";
Dir::Etc::SourceParts "{self._folder}/parts";
Dir::State "{self._folder}/state";
Dir::State::status "{self._folder}/status";
Dir::Cache "{self._folder}/cache";
Acquire::Languages "none";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
""",
            "utf-8",
        )

    def _apt(self, *command: str, cwd: Path | None = None) -> str:
        try:
            done = subprocess.run(
                command,
                cwd=cwd,
                env={**os.environ, "APT_CONFIG": str(self._folder / "apt.conf"), "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_DEADLINE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ArchiveError(f"{' '.join(command)}: no end within {_DEADLINE_S} s") from error
        if done.returncode:
            raise ArchiveError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-500:]}")
        return done.stdout


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, for comparison: 6.12.95+deb12 is after 6.12.9+deb12."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def mirror_of_this_machine(etc: Path = Path("/etc/apt")) -> tuple[str, str]:
    """Return the address of the Debian archive that this machine's sources name, and the key that it is signed with."""
    for file in sorted((*etc.glob("sources.list"), *etc.glob("sources.list.d/*"))):
        for mirror, signed_by in _sources(file.read_text("utf-8", "replace"), file.suffix):
            if re.search(r"/debian/?$", mirror):
                return mirror, signed_by
    raise ArchiveError(f"no Debian archive in {etc}: give the path of a vmlinuz or of a .deb, --vfork-site=kernel:PATH")


def _sources(text: str, suffix: str) -> Iterator[tuple[str, str]]:
    if suffix == ".sources":  # deb822(5)
        for block in re.split(r"\n\s*\n", text):
            fields = dict(re.findall(r"^(\S+):[ \t]*(.*)$", block, re.MULTILINE))
            for mirror in fields.get("URIs", "").split():
                yield mirror, fields.get("Signed-By", "")
        return
    for match in re.finditer(
        r"^deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<mirror>\S+)", text, re.MULTILINE
    ):  # sources.list(5)
        signed_by = re.search(r"signed-by=(\S+)", match["options"] or "")
        yield match["mirror"], signed_by[1] if signed_by else ""
