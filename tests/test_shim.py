# SPDX-License-Identifier: MIT
"""What only our own interposer promises: it is invisible, survives every exec, and refuses what it cannot interpose."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.building.builder import Builder
from pytest_vfork.building.cache import Cache
from pytest_vfork.model import Event, Mode, Observation
from pytest_vfork.running.interposers import InterposerError, Settings
from pytest_vfork.running.interposers.shim import Shim, flags, sources

Shimmed = Callable[..., subprocess.CompletedProcess[str]]
MODES = (Mode.FORK, Mode.REISSUE, Mode.EMULATE)

# Prints what the shim's own prctl answers: 22 (EINVAL) without the shim, 0xf01.. under it (shim.h).
ASK = "import ctypes; c = ctypes.CDLL(None, use_errno=True); c.prctl(0x76666b73, 0, 0, 0, 0); print(ctypes.get_errno())"
ANSWERS = {Mode.FORK: "3841", Mode.REISSUE: "3842", Mode.EMULATE: "3843"}


@pytest.fixture(params=MODES, ids=[mode.value for mode in MODES])
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(request.param)


@pytest.fixture
def shimmed(builder: Builder, mode: Mode) -> Shimmed:
    """Run a command under the shim; returns what it wrote and its status."""
    boot = Shim(Settings(mode, builder)).boot()

    def run(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
        whole = {**os.environ, **environment, **boot.env}
        return subprocess.run(argv, env=whole, capture_output=True, text=True, timeout=120, check=False)

    return run


def test_a_program_can_ask_how_it_is_interposed(shimmed: Shimmed, mode: Mode) -> None:
    assert shimmed(sys.executable, "-c", ASK).stdout.strip() == ANSWERS[mode]


@pytest.mark.parametrize(
    "launch",
    [
        "os.execve(sys.executable, argv, {})",
        "os.execv(sys.executable, argv)",
        "os.execve(sys.executable, argv, {'LD_PRELOAD': '', 'A': 'b'})",
        "os.execve(os.open(sys.executable, os.O_RDONLY), argv, {})",
        "sys.exit(subprocess.run(argv, env={}).returncode)",
        "sys.exit(subprocess.run(argv, env={}, close_fds=False).returncode)",
        "sys.exit(os.waitpid(os.posix_spawn(sys.executable, argv, {}), 0)[1])",
    ],
)
def test_exec_keeps_the_interposer_whatever_the_environment(shimmed: Shimmed, mode: Mode, launch: str) -> None:
    script = f"import os, subprocess, sys\nargv = [sys.executable, '-c', {ASK!r}]\n{launch}\n"
    done = shimmed(sys.executable, "-c", script)
    assert (done.stdout.strip(), done.stderr, done.returncode) == (ANSWERS[mode], "", 0)


def test_a_script_with_a_shebang_is_interposed(shimmed: Shimmed, mode: Mode, tmp_path: Path) -> None:
    script = tmp_path / "script"
    python = tmp_path / "python"  # the path of ours may have a blank in it
    python.symlink_to(sys.executable)
    script.write_text(f"#!{python}\n{ASK}\n")
    script.chmod(0o755)
    assert shimmed("sh", "-c", f"env -i {script}").stdout.strip() == ANSWERS[mode]


def test_programs_do_not_see_the_shim_in_their_environment(shimmed: Shimmed) -> None:
    script = "import os, subprocess; print('LD_PRELOAD' in os.environ, 'VFORK_SHIM' in os.environ, flush=True)\n"
    script += "subprocess.run(['env', '-i', 'A=b', 'env'])"
    assert shimmed(sys.executable, "-c", script).stdout == "False False\nA=b\n"


def test_sigsys_stays_invisible(shimmed: Shimmed) -> None:
    script = """
import os, signal, subprocess
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
print(signal.SIGSYS in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
print(subprocess.run(["/bin/true"]).returncode)
signal.pthread_sigmask(signal.SIG_SETMASK, ())
print(signal.SIGSYS in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
print(signal.getsignal(signal.SIGSYS) is signal.SIG_DFL)
seen = []
signal.signal(signal.SIGSYS, lambda number, frame: seen.append(number))
os.kill(os.getpid(), signal.SIGSYS)
print(seen == [signal.SIGSYS], subprocess.run(["/bin/true"]).returncode)
signal.signal(signal.SIGSYS, signal.SIG_IGN)
os.kill(os.getpid(), signal.SIGSYS)
print(subprocess.run(["/bin/true"]).returncode)
"""
    done = shimmed(sys.executable, "-c", script)
    assert (done.stdout, done.stderr) == ("True\n0\nFalse\nTrue\nTrue 0\n0\n", "")


def test_sigsys_still_kills_who_does_not_handle_it(shimmed: Shimmed) -> None:
    assert shimmed(sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSYS)").returncode == -31


def test_no_filter_is_stacked_by_exec(shimmed: Shimmed) -> None:
    count = "grep Seccomp_filters /proc/self/status"
    once = shimmed("sh", "-c", count).stdout
    assert once
    assert shimmed("sh", "-c", f'exec sh -c "exec sh -c \\"exec env -i {count}\\""').stdout == once


CHANGE = """
import os, subprocess, sys, time
image, dynamic, static = sys.argv[1], *(open(path, "rb").read() for path in sys.argv[2:])
size = max(len(dynamic), len(static))
for wait_s in 2.5, 0, 0:
    for content in dynamic, static:
        with open(image, "r+b") as file:
            file.write(content.ljust(size, b"\\0"))
        while content is dynamic and time.time() < os.stat(image).st_ctime + wait_s:
            time.sleep(0.1)
        for i in range(2):
            print(subprocess.run([image]).returncode)
"""


def test_an_image_that_changes_in_place_is_looked_at_again(
    shimmed: Shimmed, tmp_path: Path, static_image: Path
) -> None:
    image = tmp_path / "image"
    shutil.copy("/bin/true", image)
    done = shimmed(sys.executable, "-c", CHANGE, str(image), "/bin/true", str(static_image))
    assert done.stdout.split() == ["0"] * 12, done.stderr


def test_a_bad_configuration_is_refused(shimmed: Shimmed, builder: Builder) -> None:
    boot = Shim(Settings(Mode.EMULATE, builder)).boot()
    environment = {**os.environ, **boot.env, "VFORK_SHIM": "mode=spoon"}
    done = subprocess.run(["true"], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 127
    assert "spoon" in done.stderr


SPAWN = "import subprocess; subprocess.run(['true']); subprocess.run(['/bin/true'], close_fds=False)"


@pytest.mark.needs(strace="strace true", dash="dash -c true")
@pytest.mark.parametrize(
    "spawner", [(sys.executable, "-c", SPAWN), ("dash", "-c", "/bin/true; exit 0")], ids=["python", "dash"]
)
def test_the_kernel_sees_clone_vfork_only_in_reissue(
    shimmed: Shimmed, mode: Mode, tmp_path: Path, spawner: tuple[str, ...]
) -> None:
    trace = tmp_path / "trace"
    assert shimmed("strace", "-f", "-e", "trace=process", "-o", str(trace), *spawner).returncode == 0
    asked_for = [line for line in trace.read_text().splitlines() if "CLONE_VFORK" in line or " vfork()" in line]
    # A call that the filter traps shows its own number as result; all others were carried out.
    carried_out = [line for line in asked_for if not re.search(r"= (56|58|435)$", line)]
    assert len(asked_for) > len(carried_out)
    assert bool(carried_out) == (mode is Mode.REISSUE), carried_out


@pytest.mark.parametrize(("answer", "found"), [(22, "native"), (0xF01, "fork"), (0, "nothing at all")])
def test_a_shim_that_does_not_intercept_is_found_out(builder: Builder, answer: int, found: str) -> None:
    shim = Shim(Settings(Mode.EMULATE, builder))
    probed = Observation((Event(0, "probe.answer", 1, 1, answer),), 0, "", "", 0.1)
    assert shim.complain(probed) == f"the shim in mode emulate does not intercept: the probe found {found}"


def test_it_compiles_without_a_warning(builder: Builder) -> None:
    builder.shared_object("vfork-shim.so", sources(), [*flags(builder.cc), "-Werror"])


def test_an_older_libc_is_refused_by_name(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.31"))
    with pytest.raises(InterposerError, match=r"needs glibc 2\.34 or newer; this machine has 2\.31"):
        Shim(Settings(Mode.EMULATE, builder)).boot()


@pytest.mark.parametrize("shared", [Mode.REISSUE, Mode.EMULATE], ids=["reissue", "emulate"])
def test_a_filter_of_the_applications_own_holds(builder: Builder, shared: Mode) -> None:
    program = builder.c_program("own_filter.c", Path(__file__).with_name("own_filter.c").read_text())
    native = subprocess.run(program.argv, capture_output=True, text=True, timeout=60, check=False)
    environment = {**os.environ, **Shim(Settings(shared, builder)).boot().env}
    done = subprocess.run(program.argv, env=environment, capture_output=True, text=True, timeout=60, check=False)
    expected = "getppid 1\ntrapped 1 mark 7\nfrom the image\nin the child 1, trapped 1\nstatus 3\n"
    assert (native.stdout, done.stdout, done.stderr) == (expected, expected, "")


@pytest.mark.needs("setuid")
def test_an_image_that_would_change_its_user_is_refused_with_a_reason(shimmed: Shimmed, tmp_path: Path) -> None:
    image = tmp_path / "setuid"
    shutil.copy("/bin/true", image)
    os.chown(image, 65534, 65534)
    image.chmod(0o4755)
    done = shimmed("sh", "-c", f"{image}; echo status $?")
    assert done.stdout == "status 126\n"
    assert str(image) in done.stderr
    assert "ptrace" in done.stderr


AS_NOBODY = """
import os, subprocess, sys
# A child that gives up root, its own child, and this process, whose rights are those of before.
print(subprocess.run(["sh", "-c", "id -u; env -i /bin/sh -c 'id -u; exit 3'"], user=65534).returncode, flush=True)
print(os.listdir("/proc/self/fd") == os.listdir("/proc/self/fd"), os.getuid(), subprocess.run(["true"]).returncode)
"""


@pytest.mark.needs("root")
def test_an_image_with_other_rights_gets_the_shim_that_it_could_not_open(
    builder: Builder, mode: Mode, tmp_path: Path
) -> None:
    boot = Shim(Settings(mode, builder)).boot()
    tmp_path.chmod(0o700)
    private = shutil.copy(boot.env["LD_PRELOAD"], tmp_path / "private.so")
    environment = {**os.environ, **boot.env, "LD_PRELOAD": str(private)}
    argv = [sys.executable, "-c", AS_NOBODY]
    done = subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("65534\n65534\n3\nTrue 0 0\n", "")


PR_SET_SECUREBITS, PR_CAPBSET_DROP = 28, 24
SECBIT_NOROOT, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 1, 2
# Each makes an image that root starts one that may not open the file of another user.
LESS_ROOT = {
    "bounding-set": [(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE), (PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH)],
    "no-root": [(PR_SET_SECUREBITS, SECBIT_NOROOT)],
}


@pytest.mark.needs("root")
@pytest.mark.parametrize("how", LESS_ROOT)
def test_an_image_whose_root_may_do_less_gets_the_shim(builder: Builder, mode: Mode, tmp_path: Path, how: str) -> None:
    boot = Shim(Settings(mode, builder)).boot()
    private = shutil.copy(boot.env["LD_PRELOAD"], tmp_path / "private.so")
    os.chown(tmp_path, 65534, 65534)
    tmp_path.chmod(0o700)
    environment = {**os.environ, **boot.env, "LD_PRELOAD": str(private)}
    script = "import ctypes, os\nlibc = ctypes.CDLL(None)\n"
    script += "".join(f"assert libc.prctl({option}, {value}, 0, 0, 0) == 0\n" for option, value in LESS_ROOT[how])
    script += "os.execv('/bin/sh', ['sh', '-c', '/bin/true; echo $?'])"
    argv = [sys.executable, "-c", script]
    done = subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, timeout=120, check=False)
    os.chown(tmp_path, 0, 0)
    assert (done.stdout, done.stderr) == ("0\n", "")


IN_A_MOUNT = "mount --bind {0} {0} && mount -o remount,bind,noexec {0} && sh -c '/bin/true; echo $?'"
WITHOUT_FILES_IN_MEMORY = (
    "echo 2 > /proc/sys/vm/memfd_noexec && {{ setpriv --reuid=65534 --clear-groups /bin/true; echo $?; }}"
)


@pytest.mark.needs("root", util_linux="unshare -m -pf --mount-proc sh -c 'mount --bind / /mnt && umount /mnt'")
def test_a_shim_on_a_mount_that_forbids_to_execute_is_carried(builder: Builder, mode: Mode, tmp_path: Path) -> None:
    boot = Shim(Settings(mode, builder)).boot()
    private = shutil.copy(boot.env["LD_PRELOAD"], tmp_path / "private.so")
    environment = {**os.environ, **boot.env, "LD_PRELOAD": str(private)}

    def inside(script: str) -> subprocess.CompletedProcess[str]:
        argv = ["unshare", "-m", "-pf", "--mount-proc", "sh", "-c", script.format(tmp_path)]
        return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False)

    done = inside(IN_A_MOUNT)
    assert (done.stdout, done.stderr) == ("0\n", "")
    # and where it cannot be: nothing starts without it
    tmp_path.chmod(0o700)
    done = inside(WITHOUT_FILES_IN_MEMORY)
    if "memfd_noexec" in done.stderr:
        pytest.skip("no sysctl vm.memfd_noexec: Linux 6.3")
    assert done.stdout in ("126\n", "127\n"), done
    assert "it could not open the shim from where it runs" in done.stderr


# A hard limit of file sizes, or -1 for none.
AS_NOBODY_WITHOUT_FILES = """
import resource, signal, subprocess, sys
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, int(sys.argv[1])))
try:
    done = subprocess.run(["sh", "-c", "ulimit -S -f; ulimit -H -f; id -u"], user=65534, capture_output=True, text=True)
    print(done.stdout.split(), done.returncode)
except PermissionError:
    print("refused")
try:
    subprocess.run(["/nowhere"], user=65534)
except FileNotFoundError:
    print("nowhere")
"""


@pytest.mark.needs("root")
@pytest.mark.parametrize(("hard", "seen"), [(-1, "['0', 'unlimited', '65534'] 0"), (0, "refused")])
def test_a_shim_that_is_carried_meets_no_limit_of_file_sizes(
    builder: Builder, mode: Mode, tmp_path: Path, hard: int, seen: str
) -> None:
    boot = Shim(Settings(mode, builder)).boot()
    tmp_path.chmod(0o700)
    private = shutil.copy(boot.env["LD_PRELOAD"], tmp_path / "private.so")
    environment = {**os.environ, **boot.env, "LD_PRELOAD": str(private)}
    argv = [sys.executable, "-c", AS_NOBODY_WITHOUT_FILES, str(hard)]
    done = subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.returncode) == (f"{seen}\nnowhere\n", 0), done


@pytest.mark.parametrize(
    ("name", "bad"), [("a b", "a space"), ("a:b", "a colon"), ("a,b", "a comma"), ("a$b", "a dollar sign")]
)
def test_a_path_that_ld_preload_cannot_carry_is_refused(builder: Builder, tmp_path: Path, name: str, bad: str) -> None:
    (tmp_path / name).mkdir()
    elsewhere = Builder(Cache(tmp_path / name), builder.cc)
    with pytest.raises(
        InterposerError, match=rf"^the cache: .*/{re.escape(name)}: a path with {bad}, .* set XDG_CACHE_HOME"
    ) as raised:
        Shim(Settings(Mode.EMULATE, elsewhere)).boot()
    assert "\n" not in str(raised.value)
    assert Shim(Settings(Mode.NATIVE, elsewhere)).boot().env == {}


def test_the_shim_lies_where_it_was_linked_to_be(shimmed: Shimmed) -> None:
    assert re.search(r"^7e9000.*vfork-shim\.so$", shimmed("cat", "/proc/self/maps").stdout, re.MULTILINE)


def test_a_shim_that_does_not_get_its_place_makes_its_calls_from_a_spare_one(
    builder: Builder, mode: Mode, tmp_path: Path
) -> None:
    shim, elsewhere = tmp_path / "shim.so", "-Wl,-Ttext-segment=0"
    of_linker = [flag for flag in flags(builder.cc) if "text-segment" not in flag and "home.lds" not in flag]
    if "ziglang" not in builder.cc:
        of_linker.append(elsewhere)
    subprocess.run([*builder.cc, *of_linker, *map(str, sources()), "-o", str(shim)], check=True, timeout=300)
    environment = {**os.environ, "LD_PRELOAD": str(shim), "VFORK_SHIM": f"mode={mode.value}"}
    script = "import subprocess; print(subprocess.run(['sh', '-c', '/bin/true; exit 3']).returncode)\n"
    script += "print(open('/proc/self/maps').read().count('7e9040000000-'))"
    argv = [sys.executable, "-c", script]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("3\n1\n", "")


ADDRESSES = """
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
	volatile char *memory = malloc(10);
	int status = system("exit 3");
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/bin/true", "true", (char *)0);
		_exit(1);
	}
	memory[0] = 0;
	free((void *)memory);
	waitpid(pid, NULL, 0);
	return WEXITSTATUS(status);
}
"""


def test_a_program_with_address_sanitizer_starts(builder: Builder, shimmed: Shimmed, tmp_path: Path) -> None:
    if not shutil.which("gcc"):
        pytest.skip("gcc is not here: apt-get install gcc")
    source, program = tmp_path / "sanitized.c", tmp_path / "sanitized"
    source.write_text(ADDRESSES)
    made = subprocess.run(["gcc", "-fsanitize=address", "-o", program, source], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("gcc's libasan is not here: apt-get install libasan8")
    for argv in ([str(program)], ["sh", "-c", str(program)]):
        done = shimmed(*argv)
        assert (done.stderr, done.returncode) == ("", 3)
