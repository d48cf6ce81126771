# SPDX-License-Identifier: MIT
"""Static images under the shim: nothing can be preloaded into them, so the shim loads them itself.

The prober prints what an image sees of how it was started, the launcher starts it in every way there is: under the
shim both print what they print without it.
"""

from __future__ import annotations

import os
import shutil
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
