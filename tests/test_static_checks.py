# SPDX-License-Identifier: MIT
"""What analysers find in the C of shim and agent, and in our shell: nothing; what they are not asked has its reason."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pytest_vfork.building.render import filename_of, render_case
from pytest_vfork.model import Case
from pytest_vfork.templates import suite

ROOT = Path(__file__).parent.parent
RUNNING = ROOT / "pytest_vfork" / "running"
SHIM = sorted((RUNNING / "shim").glob("*.c"))
HOSTED = [*sorted((RUNNING / "agent").glob("*.c")), RUNNING / "kernels" / "init.c"]
SHELL = [ROOT / ".ci" / "run", ROOT / "pytest_vfork" / "commands" / "export" / "run.sh"]

CHECKS = (
    "clang-analyzer-*",
    "bugprone-branch-clone",
    "bugprone-infinite-loop",
    "bugprone-not-null-terminated-result",
    "-clang-analyzer-optin.performance.Padding",
    "-clang-analyzer-security.insecureAPI.*",  # wants the functions of C11's Annex K, which no libc here has
    "-clang-analyzer-security.ArrayBound",  # strcspn() stops at the end of PATH, which it does not know
)
# It does not know that a system call in assembly fills the buffer that it is given.
OF_SHIM = (
    "-clang-analyzer-core.*ninitialized*",
    "-clang-analyzer-core.UndefinedBinaryOperatorResult",
    "-clang-analyzer-core.NullDereference",
    "-clang-analyzer-unix.cstring.UninitializedRead",
    "-bugprone-not-null-terminated-result",  # of memcpy(): it is the caller's zeroed buffer
    "-bugprone-branch-clone",  # an errno for each reason, in the kernel's order
    "-bugprone-infinite-loop",  # exit_group() in assembly does not return
)
HOSTED_ONLY = ("-bugprone-branch-clone",)  # each branch is a reason of its own
GENERATED = ("-std=gnu11", "-O1", "-Wall", "-Wextra", "-pthread")


def said_by(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return "" if done.returncode == 0 and not done.stdout + done.stderr else f"{done.stdout}{done.stderr}"


@pytest.mark.needs(gcc="gcc -fanalyzer -x c -c -o /dev/null -include stdio.h /dev/null")
@pytest.mark.parametrize("source", [*SHIM, *HOSTED], ids=lambda source: source.name)
def test_gcc_finds_nothing(source: Path) -> None:
    assert (
        said_by(
            "gcc", "-std=gnu11", "-fanalyzer", "-Wall", "-Wextra", "-Werror", "-fPIC", "-c", "-o", "/dev/null", source
        )
        == ""
    )


@pytest.mark.needs(clang_tidy="clang-tidy --version", libc6_dev="gcc -fsyntax-only -x c -include stdio.h /dev/null")
@pytest.mark.parametrize("source", [*SHIM, *HOSTED], ids=lambda source: source.name)
def test_clang_tidy_finds_nothing(source: Path) -> None:
    checks = ",".join(["-*", *CHECKS, *(OF_SHIM if source in SHIM else HOSTED_ONLY)])
    flags = ["-ffreestanding", "-mgeneral-regs-only"] if source in SHIM else []
    done = subprocess.run(
        ["clang-tidy", "--quiet", f"--checks={checks}", "--warnings-as-errors=*", source, "--", "-std=gnu11", *flags],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.needs(gcc="gcc --version", libc6_dev="gcc -fsyntax-only -x c -include stdio.h /dev/null")
def test_gcc_has_nothing_to_say_of_a_generated_program(tmp_path: Path) -> None:
    sources = [written(tmp_path, case, call) for case in suite.cases() for call in case.calls]
    assert said_by("gcc", *GENERATED, "-Werror", "-fsyntax-only", *sources) == ""


@pytest.mark.needs(clang_tidy="clang-tidy --version", libc6_dev="gcc -fsyntax-only -x c -include stdio.h /dev/null")
def test_clang_has_nothing_to_say_of_a_generated_program(tmp_path: Path) -> None:
    sources = [written(tmp_path, case, case.calls[0]) for case in suite.cases()]
    # what a compiler warns of is no check to it, and it wants one at the least
    checks = "--checks=-*,clang-diagnostic-*,bugprone-infinite-loop"
    done = subprocess.run(
        ["clang-tidy", "--quiet", checks, "--warnings-as-errors=*", *sources, "--", *GENERATED],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


def written(folder: Path, case: Case, call: str) -> Path:
    source = folder / filename_of(case, call, "")
    source.write_text(render_case(case, call, ""), "utf-8")
    return source


@pytest.mark.needs(shellcheck="shellcheck --version")
@pytest.mark.parametrize("script", SHELL, ids=lambda script: script.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    assert said_by("shellcheck", script) == ""


def test_actionlint_finds_nothing_in_the_job_that_others_copy() -> None:
    if not shutil.which("actionlint"):
        pytest.skip("actionlint is not here: go install github.com/rhysd/actionlint/cmd/actionlint@latest")
    assert said_by("actionlint", ROOT / "docs" / "examples" / "downstream" / "ci" / "github.yml") == ""
