# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "import sys; from pytest_vfork.commands.cli import main; sys.exit(main())"]

CASE = "suspension/parent-waits-until-exec"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("mode", ["native", "fork", "reissue", "emulate"])
def test_run_passes_output_and_exit_status_through(mode: str) -> None:
    done = run("run", "--vfork-mode", mode, "--", "sh", "-c", "/bin/echo $0; exit 7", "argument")
    assert (done.returncode, done.stdout, done.stderr) == (7, "argument\n", "")


@pytest.mark.parametrize("mode", ["native", "fork", "reissue", "emulate"])
def test_run_puts_a_static_executable_under_the_tracer(mode: str, static_image: Path, tmp_path: Path) -> None:
    pytest.importorskip("ptrace", reason="pip install 'pytest-vfork[ptrace]'")
    log = tmp_path / "log"
    shell = ("sh", "-c", f"{static_image}; exit 7")
    done = run("run", "--vfork-interposer=ptrace", "--vfork-mode", mode, "--vfork-log", str(log), "--", *shell)
    assert (done.returncode, done.stderr) == (7, "")
    assert "call=vfork" in log.read_text()


def ignored(status: str) -> set[int]:
    """Return which signals are ignored, but for glibc's own, 32 and 33, which its posix_spawn leaves ignored."""
    mask = int(status.split()[1], 16)
    return {number for number in range(1, 65) if mask >> number - 1 & 1} - {32, 33}


@pytest.mark.parametrize("mode", ["native", "emulate"])
def test_run_ignores_no_signal_that_its_caller_does_not(mode: str) -> None:
    asking = ("grep", "SigIgn", "/proc/self/status")
    # not none: who runs these tests in the background ignores SIGINT and SIGQUIT
    direct = subprocess.run(asking, capture_output=True, text=True, timeout=120, check=True)
    assert ignored(run("run", "--vfork-mode", mode, "--", *asking).stdout) == ignored(direct.stdout)


def test_run_hands_death_by_signal_on() -> None:
    assert run("run", "--", "sh", "-c", "kill -9 $$").returncode == -9


def test_run_logs_what_the_command_asked_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = run(
        "run",
        "--vfork-log",
        str(log),
        "--",
        sys.executable,
        "-c",
        "import subprocess; subprocess.run(['true'], cwd='/')",
    )
    assert done.returncode == 0
    assert "call=vfork" in log.read_text()


def test_run_commits_a_fault() -> None:
    program = "import os; print(os.posix_spawn('/bin/true', ['true'], {}))"
    assert run("run", "--vfork-fault=refused-with-eagain", "--", sys.executable, "-c", program).returncode == 1
    done = run("run", "--vfork-fault=refused-with-eagin", "--", "true")
    assert (done.returncode, "did you mean refused-with-eagain" in done.stderr) == (2, True)
    assert run("run", "--vfork-fault=memory-private", "--vfork-mode=fork", "--", "true").returncode == 2


def test_run_of_what_is_not_there_says_so() -> None:
    done = run("run", "--", "no-such-command")
    assert (done.returncode, done.stderr) == (127, "pytest-vfork: no-such-command: not found\n")


def test_run_puts_a_static_executable_under_the_shim(static_image: Path, tmp_path: Path) -> None:
    assert run("run", "--", str(static_image)).returncode == 0
    log = tmp_path / "log"
    done = run("run", "--vfork-log", str(log), "--", "sh", "-c", f"{static_image}; exit 7")
    assert (done.returncode, done.stderr) == (7, "")
    assert "refused" not in log.read_text()


def test_doctor_says_what_is_there_and_how_to_get_the_rest() -> None:
    done = run("doctor")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert any(line.startswith("ok   C compiler") for line in lines)
    assert any(line.startswith("ok   shim emulate") for line in lines)


def test_doctor_without_a_compiler_says_how_to_get_one() -> None:
    done = run("--vfork-cc", "no-such-cc", "doctor")
    assert done.returncode == 1
    assert "MISS C compiler" in done.stdout
    assert "no such C compiler: no-such-cc" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["detection", "--faults", "nosuch"], 2, "no fault 'nosuch'"),
        (["detection", "--cases", "nosuch"], 2, "no case 'nosuch'"),
        (["detection", "--calls", "nosuch"], 2, "no call 'nosuch'"),
        (["detection", "--jobs", "0"], 2, "one process or more"),
        (["detection", "--deadline", "0"], 2, "a deadline above 0"),
        (["workloads", "--write", "/no/such/file"], 2, "/no/such/file: No such file or directory"),
        (["census", "--json", "/no/such/file", "--", "true"], 2, "/no/such/file: No such file or directory"),
        (["bench", "--rss", "abc"], 2, "--rss and --modes want lists"),
        (["run", "--", "/etc/passwd"], 126, "/etc/passwd: cannot be executed"),
        (["run", "--", "/no/such"], 127, "/no/such: not found"),
        (["--vfork-cc", "'x", "run", "--", "true"], 2, """: --vfork-cc: "'x" is no command: no closing quotation\n"""),
        (["--vfork-cc", " ", "doctor"], 2, ": --vfork-cc: ' ' is no command: it is empty\n"),
        (["run", "--vfork-interposer=command", "--", "true"], 2, "command needs --vfork-command 'PREFIX {argv}'\n"),
        (
            ["run", "--vfork-interposer=command", "--vfork-command", "'x {argv}", "--", "true"],
            2,
            """: --vfork-command: "'x {argv}" is no command: no closing quotation\n""",
        ),
        (
            ["run", "--vfork-interposer=command", "--vfork-command", "nosuch {argv}", "--", "true"],
            2,
            ": --vfork-command: no such program: nosuch\n",
        ),
        (
            ["run", "--vfork-log", "/no/such/file", "--", "true"],
            2,
            "--vfork-log: /no/such/file: No such file or directory",
        ),
        (["run", "--vfork-log", "/", "--", "true"], 2, "run: --vfork-log: /: Is a directory"),
        (["run", "--vfork-mode=native", "--vfork-log=x", "--", "true"], 2, "shim in mode native logs nothing"),
        (["run", "--vfork-log=/dev/null/a,b", "--", "true"], 2, "/dev/null/a,b: Not a directory"),
        (["bench", "--json", "/no/such/file"], 2, "bench: /no/such/file: No such file or directory"),
        (["report-bug", "nosuch"], 2, "report-bug: there is no case 'nosuch'\n"),
        (["report-bug", "no such (case"], 2, "report-bug: there is no case 'no such (case'\n"),
        (["report-bug", f"{CASE}x"], 2, f"report-bug: there is no case '{CASE}x'; did you mean {CASE}?\n"),
        (["report-bug", "parent-waits-until-exec"], 2, f"did you mean {CASE}?\n"),
        (["report-bug", f"{CASE}:nosuch"], 2, f"there is no case '{CASE}:nosuch': {CASE} has no item nosuch\n"),
        (["report-bug", f"{CASE}:vfork"], 1, f"report-bug: {CASE}:vfork does not deviate: {CASE}:vfork pass\n"),
        (["report-bug", CASE, "--", "--vfork-mode=x"], 2, f"{CASE} cannot be run: --vfork-mode: 'x' is not one of"),
        (
            ["report-bug", f"{CASE}:vfork", "--", "--vfork-interposer=command", "--vfork-command=false"],
            2,
            f"{CASE}:vfork cannot be run: no program comes through 'false': wait status 256.\n",
        ),
        (["report-bug", CASE, "--vfork-mode=fork"], 2, "--vfork-mode=fork (options of pytest come after --)\n"),
        (["report-bug", CASE, CASE], 2, "(options of pytest come after --)\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_sentence(arguments: list[str], status: int, says: str) -> None:
    done = run(*arguments)
    assert (done.returncode, says in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr and "/pytest-vfork-" not in done.stderr


@pytest.mark.parametrize("command", [("bench",), ("detection",), ("run", "--", "true"), ("census", "--", "true")])
def test_a_compiler_in_the_environment_that_is_none_is_one_sentence(command: tuple[str, ...]) -> None:
    for named, says in (
        ("'x", """$CC: "'x" is no command: no closing quotation"""),
        ("no-cc", "no such C compiler: no-cc"),
    ):
        done = run(*command, CC=named)
        assert done.returncode == (126 if "--" in command else 2)
        assert done.stderr in (f"pytest-vfork: {says}\n", f"pytest-vfork: {command[0]}: {says}\n")


@pytest.mark.parametrize("order", [("CASE", "-o", "FILE"), ("-o", "FILE", "CASE")])
def test_options_of_pytest_stand_after_whatever_there_is(order: tuple[str, ...], tmp_path: Path) -> None:
    written = tmp_path / "bug.md"
    words = [{"CASE": f"{CASE}:vfork", "FILE": str(written)}.get(word, word) for word in order]
    done = run("report-bug", *words, "--", "--vfork-mode=fork", "--vfork-claim=linux")
    assert (done.returncode, done.stdout) == (0, f"written: {written}\n"), done.stderr
    assert "pytest-vfork run --vfork-mode fork" in written.read_text("utf-8")


def test_a_log_that_can_be_written_is_there_and_is_appended_to(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    assert run("run", "--vfork-log", str(log), "--", "sh", "-c", "/bin/true; :").returncode == 0
    assert log.read_text().startswith("before\nspawn call=")


@pytest.mark.parametrize("mode", ["native", "emulate"])
def test_a_home_that_is_relative_is_one_sentence(mode: str) -> None:
    done = run("run", "--vfork-mode", mode, "--", "true", HOME="foo", XDG_CACHE_HOME="")
    says = "the cache has no place: HOME is 'foo', no absolute path; set it, or XDG_CACHE_HOME"
    assert (done.returncode, done.stderr) == (126, f"pytest-vfork: {says}\n")


def test_census_runs_nothing_whose_count_cannot_be_written(tmp_path: Path) -> None:
    done = run("census", "--json", f"{tmp_path}/none/x", "--", "touch", str(tmp_path / "mark"))
    assert (done.returncode, done.stderr.endswith("none/x: No such file or directory\n")) == (2, True), done.stderr
    assert not (tmp_path / "mark").exists()


FUZZ, SOAK, FIGURES = ("-m", "fuzz"), ("../.ci/soak",), ("../.ci/figures",)


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        (FUZZ, "", "the following arguments are required: what"),
        (FUZZ, "nosuch", "argument what: invalid choice: 'nosuch'"),
        (FUZZ, "calls --count -1", "argument --count: want a number above 0, not '-1'"),
        (FUZZ, "programs --count 0", "argument --count: want a number above 0, not '0'"),
        (FUZZ, "calls --fault call-errno-los", "did you mean call-errno-lost or"),
        (FUZZ, "calls --fault parent-not-suspended --mode reissue", "goes with --vfork-mode=emulate, not with reissue"),
        (SOAK, "--runs 0", "--runs: want one or more"),
        (SOAK, "--mode nosuch", "argument --mode: invalid choice: 'nosuch'"),
        (SOAK, "--load nosuch", "argument --load: invalid choice: 'nosuch'"),
        (SOAK, "--load crowd", "--load crowd needs stress-ng: apt-get install stress-ng"),
        (SOAK, "--runs 1 -- --vfork-nosuch", "unrecognized arguments: --vfork-nosuch"),
        (SOAK, "--runs 1 -- --vfork-calls=nosuch", "--vfork-calls: 'nosuch': want some of"),
        (SOAK, "--runs 1 -- -n0 -k nosuch ../c_tests/cost", "pytest ran no item: "),
        (FIGURES, "--rounds 0", "--rounds: want one or more"),
        (FIGURES, "--workers 1,0", "argument --workers: want numbers above 0 with commas between them, not '1,0'"),
        (FIGURES, "--workers 1 -- --vfork-nosuch", "unrecognized arguments: --vfork-nosuch"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[-1],
)
def test_bad_usage_of_our_own_tools_is_one_sentence(
    tool: tuple[str, ...], arguments: str, says: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, *tool, *arguments.split()],
        cwd=Path(__file__).parent,
        env={**os.environ, "PATH": str(tmp_path)},  # without stress-ng, and what is compiled is there
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, says in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


@pytest.mark.parametrize("compiler", ["/bin/true", "/bin/false"])
@pytest.mark.parametrize(
    "command", ["run -- true", "census -- true", "doctor", "bench --rounds=2 --rss=1", "detection --faults=fork"]
)
def test_a_compiler_that_makes_nothing_is_no_traceback(compiler: str, command: str) -> None:
    done = run("--vfork-cc", compiler, *command.split())
    assert done.returncode in (2, 126)
    assert f"{compiler} " in done.stderr and "Traceback" not in done.stderr


def test_a_deadline_that_is_no_number_is_an_error_of_use() -> None:
    done = run("detection", "--deadline=nan")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "want a deadline above 0" in done.stderr
