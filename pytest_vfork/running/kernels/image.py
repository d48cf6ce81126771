# SPDX-License-Identifier: MIT
"""Kernels that can be booted: from the user's cache, from the archive, or from a file."""

from __future__ import annotations

import fcntl
import io
import lzma
import shutil
import struct
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ...building import cache
from .archive import ARCHITECTURES, Archive, numbers

# In the order in which they can be loaded; from 6.12 on Debian's cloud kernels have them built in.
_MODULES = (
    "virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_console",
)  # fmt: skip


class KernelError(Exception):
    """There is no such kernel, or it cannot be booted; the message says why and what to do."""


@dataclass(frozen=True)
class Kernel:
    """A kernel image, the modules that it needs before it can be spoken with, and where it is from."""

    version: str
    machine: str
    vmlinuz: Path
    modules: tuple[Path, ...]
    origin: str

    @property
    def series(self) -> str:
        """Its first two numbers."""
        return ".".join(map(str, numbers(self.version)[:2]))


def folder_of_user() -> Path:
    """Return the folder of kernels, beside the cache of what was built: those are small and soon made again.

    Raise CacheError.
    """
    return cache.folder_of_user("pytest-vfork-kernels")


def cached(folder: Path, machine: str) -> tuple[Kernel, ...]:
    """Return the kernels of a machine that are there, older ones first."""
    there = (_of_folder(place, machine) for place in (folder / machine).glob("*/vmlinuz"))
    return tuple(sorted(there, key=lambda kernel: numbers(kernel.version)))


def find(wanted: str, machine: str, folder: Path) -> Kernel:
    """Return a kernel by its series (6.12), `oldest`, `newest`, or by the path of a vmlinuz or of a .deb.

    What is there is used; what is not is fetched. Raise KernelError or ArchiveError.
    """
    if "/" in wanted:
        return of_file(Path(wanted), machine, folder)
    if machine not in ARCHITECTURES:
        raise KernelError(f"no kernels for machine {machine!r}; there are for {', '.join(ARCHITECTURES)}")
    there = [kernel for kernel in cached(folder, machine) if kernel.series == wanted]
    return there[-1] if there else fetch(wanted, machine, folder)


def fetch(series: str, machine: str, folder: Path) -> Kernel:
    """Return the newest kernel of a series in the archive; what was there of that series is deleted."""
    (folder / machine).mkdir(parents=True, exist_ok=True)
    with open(folder / machine / "lock", "w") as lock:  # workers want the same at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _fetch(series, machine, folder)


def _fetch(series: str, machine: str, folder: Path) -> Kernel:
    archive = Archive(folder / machine, machine)
    package = archive.newest(series)
    place = folder / machine / package.version
    if not (place / "vmlinuz").exists():
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as scratch:
            unpacked = Path(scratch) / "kernel"
            unpack(archive.download(package, Path(scratch)), unpacked)
            (unpacked / "origin").write_text(f"{package.name}\n", "utf-8")
            place.parent.mkdir(exist_ok=True)
            shutil.rmtree(place, ignore_errors=True)
            unpacked.rename(place)
        for old in cached(folder, machine):
            if old.series == package.series and old.version != package.version:
                shutil.rmtree(old.vmlinuz.parent, ignore_errors=True)
    return _of_folder(place / "vmlinuz", machine)


def of_file(path: Path, machine: str, folder: Path) -> Kernel:
    """Return the kernel of a vmlinuz or .deb; raise KernelError if it is not one for this machine."""
    if not path.is_file():
        raise KernelError(f"no such kernel: {path}")
    vmlinuz, version = path, path.name
    modules: tuple[Path, ...] = ()
    if path.suffix == ".deb":
        place = folder / machine / "files" / f"{path.stem}-{path.stat().st_mtime_ns}"
        if not (place / "vmlinuz").exists():
            unpack(path, place)
        unpacked = _of_folder(place / "vmlinuz", machine)
        vmlinuz, modules, version = unpacked.vmlinuz, unpacked.modules, path.stem
    else:
        version = version_of(vmlinuz) or version
    found = machine_of(vmlinuz)
    if found != machine:
        raise KernelError(f"{path} is {'no kernel' if found is None else f'a kernel for {found}'}; wanted {machine}")
    return Kernel(version, machine, vmlinuz, modules, str(path))


def machine_of(vmlinuz: Path) -> str | None:
    """Return the machine that a kernel image is for, None if it is none."""
    with open(vmlinuz, "rb") as file:
        head = file.read(0x210)
    if head[0x202:0x206] == b"HdrS":  # Documentation/arch/x86/boot.rst
        return "x86_64"
    if head[56:60] == b"ARM\x64":  # Documentation/arch/arm64/booting.rst
        return "aarch64"
    if head[56:60] == b"RSC\x05":  # Documentation/arch/riscv/boot-image-header.rst
        return "riscv64"
    if head[:2] == b"MZ" and head[4:8] == b"zimg":  # include/linux/zboot: EFI, the payload is compressed
        return {"gzip": "aarch64", "zstd": "aarch64"}.get(head[24:28].decode("ascii", "replace"))
    return None


def version_of(vmlinuz: Path) -> str | None:
    """Return the release that an x86 image says it is (Documentation/arch/x86/boot.rst: kernel_version)."""
    with open(vmlinuz, "rb") as file:
        head = file.read(0x10000)
    if head[0x202:0x206] != b"HdrS":
        return None
    start = int.from_bytes(head[0x20E:0x210], "little") + 0x200
    text = head[start : start + 200].partition(b"\0")[0].decode("ascii", "replace").split()
    return text[0] if text else None


def unpack(deb: Path, into: Path) -> None:
    """Take the kernel and the modules that we need out of a package (deb(5)); raise KernelError."""
    (into / "modules").mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(_data_of(deb)), mode="r:*") as tar:
            for member in tar:
                _keep(tar, member, into)
    except (tarfile.TarError, lzma.LZMAError, EOFError, struct.error, ValueError, IndexError) as error:
        raise KernelError(f"{deb} is no package with a kernel in it: {error}") from error
    if not (into / "vmlinuz").exists():
        raise KernelError(f"{deb} has no kernel in it")


def _keep(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    name = member.name.rpartition("/")[2]
    stem = name.partition(".ko")[0]
    if not member.isfile():
        return
    content = tar.extractfile(member)
    assert content is not None
    if name.startswith(("vmlinuz", "vmlinux")) and ("/boot/" in member.name or "/modules/" in member.name):
        (into / "vmlinuz").write_bytes(content.read())
    elif ".ko" in name and stem in _MODULES:
        data = lzma.decompress(content.read()) if name.endswith(".xz") else content.read()
        (into / "modules" / f"{_MODULES.index(stem)}-{stem}.ko").write_bytes(data)


def _data_of(deb: Path) -> bytes:
    """Return the archive of files in a package, which is an ar(5) archive of three members."""
    data = deb.read_bytes()
    if not data.startswith(b"!<arch>\n"):
        raise KernelError(f"{deb} is no package")
    at = 8
    while at + 60 <= len(data):
        name, size = data[at : at + 16].strip(), int(data[at + 48 : at + 58])
        if name.startswith(b"data.tar"):
            return data[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    raise KernelError(f"{deb} is cut short")


def _of_folder(vmlinuz: Path, machine: str) -> Kernel:
    place = vmlinuz.parent
    origin = (place / "origin").read_text("utf-8").strip() if (place / "origin").exists() else str(vmlinuz)
    return Kernel(place.name, machine, vmlinuz, tuple(sorted((place / "modules").glob("*.ko"))), origin)
