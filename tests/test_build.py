# SPDX-License-Identifier: MIT
"""What is generated: one file, that compiles with the one command in its first comment, and cleanly."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import jinja2
import pytest

from pytest_vfork.building import render, toolchain
from pytest_vfork.building.builder import COMPILER_LOG, Builder, CompileError
from pytest_vfork.model import Case, item_name
from pytest_vfork.templates import frontmatter, suite
from pytest_vfork.templates.variants import VARIANTS

ALL = [(case, *item) for case in suite.cases() for item in case.items]
MODEL = next(case for case in suite.cases() if case.id == "suspension/parent-waits-until-exec")


def make_cc(path: Path, makes: str) -> Path:
    """Write a compiler that has no version, and does this to what it shall make."""
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exit\nwhile [ "$1" != -o ]; do shift; done\n{makes} "$2"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("call", MODEL.calls)
def test_the_command_in_the_first_comment_compiles_it(tmp_path: Path, builder: Builder, call: str) -> None:
    source = render.render_case(MODEL, call)
    command = re.search(r"Build: (.*)", source)
    assert command is not None
    (tmp_path / f"parent-waits-until-exec.{call}.c").write_text(source)
    cc, *arguments = shlex.split(command[1])
    assert cc == "cc"
    done = subprocess.run(
        [*builder.cc, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_generated_program_reads_as_if_typed() -> None:
    for case, call, variant in ALL:
        source, name = render.render_case(case, call, variant), item_name(case.id, call, variant)
        assert not re.search(r"\{%|\{\{|\n\n\n", source), f"{name}: traces of the template"
        long = [line for line in source.expandtabs(8).splitlines() if len(line) > 150]
        assert not long, f"{name}: too wide to read: {long[0].strip()}"
        assert source.count("\n") <= 350, f"{name}: too long to read"


def test_no_case_signals_a_pid_that_a_broken_call_may_have_left() -> None:
    for case in {case.id: case for case, *_ in ALL}.values():
        sent = re.findall(r"(?<![\w\"])kill\((\S+?),", frontmatter.body(case.template))
        assert set(sent) <= {"getpid()"}, f"{case.id}: use signal_to(): root's kill(-1) ends everything"


@pytest.mark.parametrize(("case", "call", "variant"), ALL, ids=[item_name(case.id, *item) for case, *item in ALL])
def test_every_generated_program_compiles_without_a_warning(
    builder: Builder, case: Case, call: str, variant: str
) -> None:
    try:
        log = builder.case(case, call, variant).source.with_name(COMPILER_LOG)
    except toolchain.NoCompilerError as error:
        pytest.skip(str(error))
    assert log.read_text() == ""


def test_a_source_that_does_not_compile_says_what_the_compiler_said(builder: Builder) -> None:
    with pytest.raises(CompileError, match=r"not_declared"):
        builder.c_program("wrong.c", "int main(void) { return not_declared; }\n")


@pytest.mark.parametrize("makes", ["true", "touch", "mkdir", "mkfifo"])
def test_a_compiler_that_makes_no_program_has_made_nothing(tmp_path: Path, builder: Builder, makes: str) -> None:
    cc = make_cc(tmp_path / "cc", makes)
    with pytest.raises(CompileError, match=f"{cc} has made nothing"):
        Builder(builder.cache, (str(cc),)).c_program("least.c", "int main(void) { return 0; }\n")


def test_a_compiler_that_a_real_time_signal_ends_is_no_traceback(tmp_path: Path, builder: Builder) -> None:
    cc = make_cc(tmp_path / "cc", "kill -40 $$ #")
    with pytest.raises(CompileError, match=f"{cc} was ended by 40"):
        Builder(builder.cache, (str(cc),)).c_program("least.c", "int main(void) { return 0; }\n")


def test_an_unknown_name_in_a_template_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="nobody"):
        render.render_text("{{ nobody }}", {})


def test_the_compiler_asked_for_is_taken_then_cc_then_one_on_path(tmp_path: Path) -> None:
    for name in ("gcc", "mine"):
        make_cc(tmp_path / name, "echo made >")
    path = {"PATH": str(tmp_path)}
    assert toolchain.find_cc("mine -m64", path) == ("mine", "-m64")
    assert toolchain.find_cc(None, {**path, "CC": "mine"}) == ("mine",)
    assert toolchain.find_cc(None, path) == (str(tmp_path / "gcc"),)
    with pytest.raises(toolchain.NoCompilerError, match="no such C compiler: other"):
        toolchain.find_cc("other", path)


# With the model, these have all the assembler that other machines need (c_tests/_lib/call.j2).
_ASSEMBLED = {
    *((MODEL.id, call) for call in MODEL.calls if call != "vfork"),
    ("arguments/clone3-with-an-unknown-flag-is-einval", "clone3"),
    ("arguments/thread-without-sighand-is-einval", "clone"),
    ("spawn/exec-by-another-thread-of-the-child-releases-the-parent", "clone3-stack"),
}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "riscv64"])
@pytest.mark.parametrize(("id", "call"), sorted(_ASSEMBLED))
def test_a_program_for_another_machine_compiles_without_a_warning(
    tmp_path: Path, machine: str, id: str, call: str
) -> None:
    pytest.importorskip("ziglang", reason="pip install 'pytest-vfork[cc]'")
    case = next(case for case, *_ in ALL if case.id == id)
    (tmp_path / "case.c").write_text(render.render_case(case, call, machine=machine))
    flags = (*VARIANTS[""].flags, "-Werror", "-c")  # it is not linked: that would make a libc for each machine first
    command = [*toolchain.zig(machine), *flags, "case.c"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_machine_without_assembler_or_without_the_call_says_so() -> None:
    for call in ("clone", "clone-stack", "clone3", "clone3-stack"):
        assert '#error "i386 has no row in _lib/call.j2"' in render.render_case(MODEL, call, machine="i386")
    assert '#error "i386 has no row in _lib/call.j2"' in render.render_case(MODEL, "vfork", machine="i386")
    assert "no system call" not in render.render_case(MODEL, "vfork", machine="i386")
    assert '#error "aarch64 has no system call vfork(2)"' in render.render_case(MODEL, "vfork", machine="aarch64")
    with pytest.raises(toolchain.NoCompilerError, match="no compiler for machine vax: there is one for x86_64, i386"):
        toolchain.zig("vax")


def test_a_compiler_that_makes_no_programs_is_passed_over(tmp_path: Path) -> None:
    for name, makes in (("cc", "false"), ("gcc", "touch"), ("clang", "echo made >")):
        make_cc(tmp_path / name, makes)
    assert toolchain.find_cc(None, {"PATH": str(tmp_path)}) == (str(tmp_path / "clang"),)


def test_without_a_compiler_zig_is_taken_and_without_zig_it_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert toolchain.find_cc(None, {"PATH": str(tmp_path)})[1:4] == ("-m", "ziglang", "cc")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(toolchain.NoCompilerError, match="pip install"):
        toolchain.find_cc(None, {"PATH": str(tmp_path)})
