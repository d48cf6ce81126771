# SPDX-License-Identifier: MIT
"""Static images under the shim: nothing can be preloaded into them, so the shim loads them itself.

The prober prints what an image sees of how it was started, the launcher starts it in every way there is: under the
shim both print what they print without it.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.building.builder import Builder
from pytest_vfork.model import Mode
from pytest_vfork.running.interposers import Settings
from pytest_vfork.running.interposers.shim import Shim

FOLDER = Path(__file__).parent / "static"
MODES = (Mode.FORK, Mode.REISSUE, Mode.EMULATE)
WAYS = (
    "path", "thread", "descriptor", "closed-descriptor", "path-descriptor", "folder", "link", "signals",
    "no-arguments", "nothing", "many", "too-many", "written", "memory", "child",
)  # fmt: skip
BUILDS = {"static": ("-static", "-no-pie"), "static-pie": ("-static-pie",)}

LACKS = 77

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=MODES, ids=[mode.value for mode in MODES])
def shimmed(request: pytest.FixtureRequest, builder: Builder, tmp_path: Path) -> Run:
    """Run a command below the shim, or `natively`."""
    boot = Shim(Settings(request.param, builder)).boot()
    names = {"HOME": "/", "PATH": os.environ["PATH"]}

    def run(*argv: str, natively: bool = False, deadline_s: int = 120, **more: str) -> subprocess.CompletedProcess[str]:
        words, env = (argv, names | more) if natively else (boot.wrap(argv), names | more | dict(boot.env))
        return subprocess.run(
            words, env=env, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=deadline_s, check=False,
        )  # fmt: skip

    return run


def build(builder: Builder, folder: Path, name: str, *flags: str) -> Path:
    """Compile a program of static/; zig links statically against musl only."""
    cc = [part.replace("linux-gnu", "linux-musl") if "-static" in "".join(flags) else part for part in builder.cc]
    program = folder / name
    subprocess.run([*cc, "-O1", "-w", "-pthread", *flags, "-o", program, FOLDER / f"{name}.c"], check=True, timeout=300)
    return program


@pytest.fixture
def launcher(builder: Builder, tmp_path: Path) -> Path:
    return build(builder, tmp_path, "launcher")


@pytest.fixture(params=BUILDS)
def prober(request: pytest.FixtureRequest, builder: Builder, tmp_path: Path) -> Path:
    return build(builder, tmp_path, "prober", *BUILDS[request.param])


def images(prober: Path) -> list[Path | str]:
    """Return what can be executed of the prober, and what cannot."""
    folder = prober.parent
    made = {name: folder / name for name in ("link", "script", "script-of-script", "plain", "short", "cut", "beyond")}
    made["link"].symlink_to(prober)
    made["script"].write_text(f"#! {prober}  one two \t\nx\n")
    made["script-of-script"].write_text(f"#!{made['script']}\n")
    content = prober.read_bytes()
    for name, size in (("plain", len(content)), ("short", 300), ("cut", 5000)):
        made[name].write_bytes(content[:size])
    # its first segment lies where no program may
    headers = int.from_bytes(content[32:40], "little")
    made["beyond"].write_bytes(content[: headers + 16] + b"\0" * 7 + b"\xff" + content[headers + 24 :])
    for path in made.values():
        if path != made["plain"] and not path.is_symlink():
            path.chmod(0o755)
    return [prober, *made.values(), f"./{prober.name}", folder, folder / "none", prober / "below"]


def ends(done: subprocess.CompletedProcess[str]) -> tuple[str, str, int]:
    """Return what a program wrote and how it ended."""
    return done.stdout, done.stderr, done.returncode


def test_a_static_image_sees_what_it_sees_without_the_shim(shimmed: Run, launcher: Path, prober: Path) -> None:
    for image in images(prober):
        for way in WAYS:
            words = (str(launcher), way, str(image), "x", "y z")
            seen, native = shimmed(*words), shimmed(*words, natively=True)
            assert ends(seen) == ends(native), (way, image)


def test_a_static_program_is_started_by_name_and_starts_others(shimmed: Run, prober: Path) -> None:
    seen = shimmed("prober", "x", PATH=f"/nowhere::{prober.parent}")
    native = shimmed("prober", "x", PATH=f"/nowhere::{prober.parent}", natively=True)
    assert (seen.stdout, seen.returncode) == (native.stdout, 7)
    missing = shimmed("no-such-program")
    assert (missing.returncode, missing.stderr) == (127, "vfork-shim: cannot execute no-such-program: errno 2\n")


@pytest.mark.needs("root")
def test_exe_is_the_image_for_who_has_no_rights_but_in_a_user_namespace(
    shimmed: Run, builder: Builder, launcher: Path, prober: Path
) -> None:
    drop = "import os, sys; os.setgroups([]); os.setresgid(*[65534] * 3); os.setresuid(*[65534] * 3);"
    drop += "os.execv(sys.argv[1], sys.argv[1:])"
    unshare = shutil.which("unshare") or "unshare"
    if shimmed(sys.executable, "-c", drop, unshare, "--user", "true", natively=True).returncode:
        pytest.skip("no user namespaces for others than root: sysctl user.max_user_namespaces")
    # pytest keeps its own folders from others, and each run of it anew
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        image = shutil.copy(prober, folder)
        words = (sys.executable, "-c", drop, shutil.copy(launcher, folder), "path", image)
        seen, native = shimmed(*words), shimmed(*words, natively=True)
    assert ends(seen) == ends(native)
    assert f"exe: {image}" in seen.stdout


PT_NULL, PT_LOAD = 0, 1
SEGMENT = "<IIQQQQQQ"
FREESTANDING = ("-static", "-no-pie", "-nostdlib", "-ffreestanding", "-fno-stack-protector")


def segment(kind: int, flags: int, offset: int, address: int, in_file: int, in_memory: int) -> bytes:
    return struct.pack(SEGMENT, kind, flags, offset, address, address, in_file, in_memory, 0x1000)


def headers_of(image: bytes) -> list[bytes]:
    offset, count, size = *struct.unpack_from("<Q16xH", image, 32), struct.calcsize(SEGMENT)
    return [image[offset + i * size : offset + (i + 1) * size] for i in range(count)]


def with_headers(image: bytes, headers: list[bytes]) -> bytes:
    """Return the image with these program headers, at its end."""
    changed = bytearray(image + bytes(-len(image) % 16))
    struct.pack_into("<Q", changed, 32, len(changed))
    struct.pack_into("<H", changed, 56, len(headers))
    return bytes(changed) + b"".join(headers)


def patched(image: bytes, form: str, offset: int, value: int) -> bytes:
    changed = bytearray(image)
    struct.pack_into(form, changed, offset, value)
    return bytes(changed)


def odd_images(tiny: bytes) -> dict[str, bytes]:
    """Return what load_elf_binary starts, or refuses, and few linkers make."""
    headers = headers_of(tiny)
    loads = [header for header in headers if header[0] == PT_LOAD]
    others = [header for header in headers if header[0] != PT_LOAD]
    beyond = patched(patched(tiny, "<Q", 32, (1 << 64) - 65535 * 56), "<H", 56, 65535)
    return {
        "no-class": patched(tiny, "<B", 4, 0),
        "class-of-32-bits": patched(tiny, "<B", 4, 1),
        "descending": with_headers(tiny, [*loads[::-1], *others]),
        "empty-in-text": with_headers(tiny, [*headers, segment(PT_LOAD, 5, 0x1100, 0x401100, 0, 0)]),
        "empty-last": with_headers(tiny, [*headers, segment(PT_LOAD, 6, 0, 0x10, 0, 0)]),
        "far": with_headers(tiny, [*headers, segment(PT_LOAD, 6, 0, 0x7E9800000000, 8, 0x5000)]),
        "many": with_headers(tiny, [*[segment(PT_NULL, 0, 0, 0, 0, 0)] * 1100, *headers]),
        "too-many": with_headers(tiny, [*headers, *[segment(PT_NULL, 0, 0, 0, 0, 0)] * 1200]),
        "none": with_headers(tiny, []),
        "offset-of-another-page-part": with_headers(
            tiny, [*headers, segment(PT_LOAD, 4, 0x10, 0x500000, 0x100, 0x100)]
        ),
        "headers-before-the-file": beyond,
        "headers-behind-the-file": patched(tiny, "<Q", 32, 1 << 40),
        "of-another-machine": patched(tiny, "<H", 18, 183),
    }


def test_an_odd_image_runs_or_fails_as_without_the_shim(
    shimmed: Run, builder: Builder, launcher: Path, tmp_path: Path
) -> None:
    tiny = build(builder, tmp_path, "tiny", *FREESTANDING)
    for name, content in odd_images(tiny.read_bytes()).items():
        image = tmp_path / name
        image.write_bytes(content)
        image.chmod(0o755)
        seen, native = (shimmed(str(launcher), "path", str(image), natively=natively) for natively in (False, True))
        assert ends(seen) == ends(native), name
    # a shared object with an entry point, and no interpreter, is a static image like any other
    shared = build(builder, tmp_path, "tiny", "-shared", "-fPIC", "-nostdlib", "-fno-stack-protector", "-Wl,-e,_start")
    seen, native = (shimmed(str(launcher), "path", str(shared), natively=natively) for natively in (False, True))
    assert ends(seen) == ends(native)
    assert seen.stdout == "rt_sigprocmask 0\narguments 1\n"


CIRCUMSTANCES = ("two-users", "descriptor-without-proc", "lease", "namespace", "no-code-from-data")


@pytest.mark.needs("root")
@pytest.mark.parametrize("which", CIRCUMSTANCES)
def test_a_static_image_starts_in_unusual_circumstances(shimmed: Run, builder: Builder, which: str) -> None:
    # pytest keeps its own folders from others
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        circumstance, image = build(builder, folder, "circumstance"), build(builder, folder, "tiny", *FREESTANDING)
        words = (str(circumstance), which, str(image), "forks" if which == "namespace" else "x")
        seen, native = (shimmed(*words, natively=natively) for natively in (False, True))
    if native.returncode == LACKS:
        pytest.skip(native.stderr.strip())
    assert ends(seen) == ends(native)
    assert native.stdout.startswith("rt_sigprocmask 0\narguments 2\n")


@pytest.mark.needs("root")
def test_a_descriptor_that_nobody_can_read_is_not_executed(shimmed: Run, builder: Builder, tmp_path: Path) -> None:
    circumstance, image = build(builder, tmp_path, "circumstance"), build(builder, tmp_path, "tiny", *FREESTANDING)
    done = shimmed(str(circumstance), "path-descriptor-without-proc", str(image))
    assert done.stdout == "not executed: Operation not permitted\n"
    assert "there is no /proc" in done.stderr


def test_an_interpreter_that_is_no_loader_is_refused(shimmed: Run, builder: Builder, tmp_path: Path) -> None:
    interpreter = build(builder, tmp_path, "tiny", *FREESTANDING).rename(tmp_path / "interpreter")
    program = build(builder, tmp_path, "launcher", f"-Wl,--dynamic-linker={interpreter}")
    assert shimmed(str(program), natively=True).stdout == "rt_sigprocmask 0\narguments 1\n"
    done = shimmed(str(program))
    assert (done.stdout, done.returncode) == ("", 126)
    assert "it has an interpreter that is no loader" in done.stderr


LOADER = "/lib64/ld-linux-x86-64.so.2"


@pytest.mark.needs(libc6=f"test -e {LOADER}")
def test_ld_so_starts_a_static_program(shimmed: Run, builder: Builder, launcher: Path, tmp_path: Path) -> None:
    tiny = build(builder, tmp_path, "tiny", *FREESTANDING)
    script = tmp_path / "script"
    script.write_text(f"#!{tiny}\n")
    others = Path(shutil.copy(launcher, tmp_path / "of-another-user"))
    for path, mode in ((script, 0o755), (others, 0o4755)):
        path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(others, 65534, 65534)
        others.chmod(0o4755)
    for program in (tiny, script, others, launcher, tmp_path / "none"):
        words = (LOADER, str(launcher), "path", LOADER, str(program), "path", str(tiny), "x")
        seen, native = (shimmed(*words, natively=natively) for natively in (False, True))
        assert ends(seen) == ends(native), program
    assert shimmed(LOADER, str(tiny), "x").stdout == "rt_sigprocmask 0\narguments 2\n"


@pytest.mark.needs(busybox="busybox true")
def test_busybox_is_a_shell_with_tools(shimmed: Run) -> None:
    script = "for i in 1 2 3; do echo $i; done | sort -r | (read a; echo $a); ls -d /; exec sh -c 'kill -9 $$'"
    seen, native = (shimmed("busybox", "sh", "-c", script, natively=natively) for natively in (False, True))
    assert (seen.stdout, seen.stderr) == (native.stdout, native.stderr) == ("3\n/\n", "")
    # the tools of a shell that knows itself as busybox are its own file: /proc/self/exe
    assert seen.returncode == native.returncode == -9


MODULE = "module x\n\ngo 1.18\n"
MAIN = """package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	self, _ := os.Executable()
	for i := 0; i < 20; i++ {
		out, err := exec.Command("/bin/echo", "hello", fmt.Sprint(i)).Output()
		if err != nil || string(out) != fmt.Sprintf("hello %d\\n", i) {
			fmt.Println(string(out), err)
		}
	}
	_, err := exec.Command("/nowhere").Output()
	fmt.Println(self == os.Args[1], err)
}
"""


@pytest.mark.needs(go="go version")
def test_go_builds_and_runs_a_program(shimmed: Run, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(MODULE)
    (tmp_path / "main.go").write_text(MAIN)
    go = shutil.which("go") or "go"
    asked = subprocess.run([go, "env", "GOCACHE"], capture_output=True, text=True, timeout=60, check=True)
    more = {"CGO_ENABLED": "0", "GOCACHE": asked.stdout.strip(), "GOFLAGS": "-mod=mod"}
    # the standard library, too, at the first time
    built = shimmed(go, "build", "-o", "program", ".", deadline_s=600, **more)
    assert (built.returncode, built.stdout, built.stderr) == (0, "", "")
    done = shimmed("./program", str(tmp_path / "program"))
    # Go learns of a program that is missing by a pipe of its own, so even mode fork does not lose it
    assert done.stdout == "true fork/exec /nowhere: no such file or directory\n", done


RUST = """use std::process::Command;
fn main() {
    for i in 0..20 {
        let out = Command::new("/bin/echo").arg(i.to_string()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&out.stdout), format!("{}\\n", i));
    }
    println!("{}", std::env::current_exe().unwrap().display());
}
"""


@pytest.mark.needs(rustc="rustc --version")
def test_rust_without_a_shared_libc(shimmed: Run, tmp_path: Path) -> None:
    (tmp_path / "program.rs").write_text(RUST)
    rustc = ["rustc", "-C", "target-feature=+crt-static", "program.rs"]
    built = subprocess.run(rustc, cwd=tmp_path, capture_output=True, timeout=300, check=False)
    if built.returncode:
        pytest.skip("rustc cannot link statically: apt-get install libc6-dev")
    done = shimmed(str(tmp_path / "program"))
    assert (done.stdout, done.stderr) == (f"{tmp_path / 'program'}\n", ""), done
