# SPDX-License-Identifier: MIT
"""The plugin as a user meets it: pytest in a subprocess, without xdist and with two workers."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_vfork.templates import suite

Run = Callable[..., pytest.RunResult]
SUITE = ("--pyargs", "pytest_vfork.conformance")
CASE = "parent-waits-until-exec"
CALLS = 7

both = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["plain", "xdist"])


@both
@pytest.mark.parametrize("mode", ["native", "reissue", "emulate"])
def test_a_case_passes_where_the_parent_waits(run: Run, workers: tuple[str, ...], mode: str) -> None:
    result = run(*SUITE, "-k", CASE, f"--vfork-mode={mode}", *workers)
    result.assert_outcomes(passed=CALLS)
    result.stdout.fnmatch_lines(
        [
            f"*vfork conformance: shim, mode {mode}*",
            "  suspends *7 of 7 held; * did not run",
            "no level: 7 of * items ran (* deselected) (claim: linux)",
        ]
    )


@both
def test_fork_is_green_at_its_own_claim_and_reports_what_lies_above(run: Run, workers: tuple[str, ...]) -> None:
    result = run(*SUITE, "-k", CASE, "--vfork-mode=fork", *workers)
    result.assert_outcomes(xfailed=CALLS)
    result.stdout.fnmatch_lines(
        [f"  suspends *0 of 7 held; * first that did not: suspension/{CASE}:clone", "no level: * (claim: posix)"]
    )
    assert result.ret == 0


@both
def test_fork_fails_loudly_at_claim_linux(run: Run, workers: tuple[str, ...]) -> None:
    result = run(*SUITE, "-k", CASE, "--vfork-mode=fork", "--vfork-claim=linux", *workers)
    result.assert_outcomes(failed=CALLS)
    assert result.ret == 1


def test_a_failure_says_all_that_a_stranger_needs(run: Run) -> None:
    result = run(*SUITE, "-k", f"{CASE}:clone3-stack", "--vfork-mode=fork", "--vfork-claim=linux")
    result.stdout.fnmatch_lines(
        [
            f"suspension/{CASE}:clone3-stack  DEVIATES FROM LINUX",
            '  promise:  vfork(2): "the calling thread is suspended until*',
            "  must:     The parent has not returned from the call *",
            "  expected: referee.releases < parent.returned",
            "  seen:     parent.returned came first",
            "  what happened, in order; time runs down:",
            "*referee *parent *image*",
            "*parent.returned  image  <- too early",
            "*referee.releases  <- must come first",
            "  linux:    referee.saw-silence parent, referee.releases, *",
            f"  source:   /*/{CASE}.clone3-stack.c",
            f"  again:    pytest --vfork-mode=fork --vfork-claim=linux * -k '[[]suspension/{CASE}:clone3-stack]'",
        ]
    )
    source = next(line.split()[1] for line in result.outlines if line.startswith("  source:"))
    assert "Build: cc " in Path(source).read_text()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--vfork-html=.",), "*--vfork-html: * is a directory*"),
        (("--vfork-record=/proc/none/run.jsonl",), "*--vfork-record: /proc/none/run.jsonl: No such file or directory*"),
        (("--vfork-html=one", "--vfork-record=./one"), "*one: --vfork-* writes it already*"),
    ],
)
def test_what_cannot_be_written_is_an_error_of_use_before_anything_runs(
    run: Run, given: tuple[str, ...], message: str
) -> None:
    result = run(*SUITE, "-k", f"{CASE}:vfork", *given)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


@both
def test_a_disk_that_is_full_costs_what_was_to_be_written_and_nothing_else(run: Run, workers: tuple[str, ...]) -> None:
    result = run(*SUITE, "-k", f"{CASE}:vfork", "--vfork-markdown=/dev/full", "--vfork-record=run.jsonl", *workers)
    result.stdout.fnmatch_lines(["record: *", "no level: 1 of *", "markdown: not written: *No space left on device*"])
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.no_fnmatch_line("*Traceback*")


@both
def test_the_record_holds_facts_and_verdicts_apart(
    run: Run, pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    run(*SUITE, "-k", CASE, "--vfork-mode=fork", "--vfork-record=run.jsonl", *workers)
    lines = [json.loads(line) for line in (pytester.path / "run.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["run", "about", *["case", "verdict", "source"] * CALLS, "ladder"]
    header, about, ladder = lines[0], lines[1], lines[-1]
    assert header["schema"] == 2
    assert (about["id"], about["rules"][0]) == (f"suspension/{CASE}", "referee.releases < parent.returned")
    assert (header["mode"], header["claim"], header["interposer"]) == ("fork", "posix", "shim")
    assert {"kernel", "libc", "machine", "interposer_version"} <= set(header)
    for facts, verdict, source in zip(lines[2:-1:3], lines[3:-1:3], lines[4:-1:3], strict=True):
        assert (facts["id"], facts["call"]) == (verdict["id"], verdict["call"])
        assert facts["digest"] == hashlib.sha256(source["text"].encode()).hexdigest()[:16]
        assert verdict["outcome"] == "fail"
        assert facts["seen"]["events"][0]["seq"] == 0
        assert "outcome" not in facts
    assert ladder["outcomes"]["fail"] == CALLS
    assert ladder["reached"] is None


def test_a_record_can_be_judged_again(run: Run, pytester: pytest.Pytester) -> None:
    from pytest_vfork.judging.verdict import judge_case
    from pytest_vfork.model.result import Result

    run(*SUITE, "-k", CASE, "--vfork-mode=fork", "--vfork-record=run.jsonl")
    lines = [json.loads(line) for line in (pytester.path / "run.jsonl").read_text().splitlines()]
    cases = {case.id: case for case in suite.cases()}
    judged = [line for line in lines if line["kind"] in ("case", "verdict")]
    for facts, verdict in zip(judged[::2], judged[1::2], strict=True):
        told = {key: verdict[key] for key in ("outcome", "why", "expected", "seen")}
        result = Result.from_json({**{k: v for k, v in facts.items() if k not in ("kind", "digest")}, "verdict": told})
        assert result.seen is not None
        assert judge_case(cases[result.id], result.seen) == result.verdict


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--vfork-mode=spoon", "*--vfork-mode: 'spoon' is not one of native, fork, reissue, emulate*"),
        ("--vfork-claim=high", "*--vfork-claim: 'high' is not one of posix, suspends, shares, linux*"),
        ("--vfork-interposer=none", "*--vfork-interposer: 'none' is not one of *command, *ptrace, *shim*"),
        ("--vfork-calls=vfork,spoon", "*--vfork-calls: 'spoon': want some of vfork, libc-vfork, clone, *"),
        ("--vfork-deadline=soon", "*--vfork-deadline: 'soon' is not a number of seconds*"),
        ("--vfork-command=strace", "*--vfork-command goes with --vfork-interposer=command*"),
    ],
)
def test_a_bad_value_is_an_error_of_use_that_names_the_valid_ones(run: Run, option: str, message: str) -> None:
    result = run(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_an_interposer_without_modes_takes_none(run: Run) -> None:
    result = run("--vfork-interposer=command", "--vfork-command=env", "--vfork-mode=fork")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--vfork-mode=fork: interposer command has no modes*"])


def test_without_python_ptrace_its_interposer_is_unsupported(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest("from pytest_vfork.running.interposers import ptrace\nptrace._python_ptrace = lambda: None\n")
    result = run(*SUITE, "-k", CASE, "-rs", "--vfork-interposer=ptrace", "--vfork-record=r.jsonl", "-pconftest")
    result.assert_outcomes(skipped=CALLS)
    result.stdout.fnmatch_lines(["*python-ptrace is not installed: pip install 'pytest-vfork[[]ptrace[]]'*"])
    lines = [json.loads(line) for line in (pytester.path / "r.jsonl").read_text().splitlines()]
    assert {line["outcome"] for line in lines if line["kind"] == "verdict"} == {"unsupported"}


def test_every_option_is_an_ini_key_too(run: Run, pytester: pytest.Pytester) -> None:
    values = {"mode": "fork", "claim": "suspends", "calls": "vfork", "deadline": "50", "record": "r.jsonl"}
    pytester.makeini("[pytest]\n" + "".join(f"vfork_{name} = {value}\n" for name, value in values.items()))
    run(*SUITE, "-k", CASE).assert_outcomes(failed=1)
    assert json.loads((pytester.path / "r.jsonl").read_text().splitlines()[0])["deadline_s"] == 50


def test_the_calls_can_be_chosen(run: Run) -> None:
    run(*SUITE, "-k", CASE, "--vfork-calls=vfork,posix_spawn").assert_outcomes(passed=2)


@both
def test_a_command_is_an_interposer(run: Run, workers: tuple[str, ...]) -> None:
    result = run(*SUITE, "-k", CASE, "--vfork-interposer=command", "--vfork-command=env THROUGH=me {argv}", *workers)
    result.assert_outcomes(passed=CALLS)
    result.stdout.fnmatch_lines(["*vfork conformance: command, env THROUGH=me*"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--vfork-interposer=command",), "--vfork-interposer=command needs --vfork-command 'PREFIX {argv}'"),
        (
            ("--vfork-interposer=command", "--vfork-command='x {argv}"),
            """--vfork-command: "'x {argv}" is no command: no closing quotation""",
        ),
        (
            ("--vfork-interposer=command", "--vfork-command= "),
            "--vfork-command: ' ' is no command: it is empty",
        ),
        (
            ("--vfork-interposer=command", "--vfork-command=no-such-tracer {argv}"),
            "--vfork-command: no such program: no-such-tracer",
        ),
        (("--vfork-site=command",), "--vfork-site=command needs --vfork-site-command 'CMD {agent}'"),
        (
            ("--vfork-site=command", "--vfork-site-command='unclosed {agent}"),
            """--vfork-site-command: "'unclosed {agent}" is no command: no closing quotation""",
        ),
        (
            ("--vfork-site=command", "--vfork-site-command=nosuch {agent}"),
            "--vfork-site-command: no such program: nosuch",
        ),
        (("--vfork-cc=  ",), "--vfork-cc: '  ' is no command: it is empty"),
        (("--vfork-cc='x",), """--vfork-cc: "'x" is no command: no closing quotation"""),
        (("--vfork-cc=no-such-cc",), "--vfork-cc: no such C compiler: no-such-cc"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@both
def test_a_command_that_is_none_is_an_error_of_use(
    run: Run, given: tuple[str, ...], message: str, workers: tuple[str, ...]
) -> None:
    result = run(*SUITE, "-k", f"{CASE}:vfork", *given, *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in result.errlines if line] == [f"ERROR: {message}"]


@pytest.mark.parametrize(
    "lines", ["vfork_interposer = command\nvfork_command = /no/such {argv}", "vfork_cc = no-such-cc"]
)
def test_what_an_ini_file_names_is_no_matter_of_other_tests(run: Run, pytester: pytest.Pytester, lines: str) -> None:
    pytester.makepyfile("def test_a(): pass")
    pytester.makeini(f"[pytest]\n{lines}\n")
    run("test_what_an_ini_file_names_is_no_matter_of_other_tests.py").assert_outcomes(passed=1)


def test_an_interposer_that_lets_no_program_through_says_so(run: Run) -> None:
    command = ("--vfork-interposer=command", "--vfork-command=/bin/true {argv}")
    result = run(*SUITE, "-k", f"{CASE}:vfork", *command)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*vfork: no program comes through '/bin/true {argv}'*"])


EXPECTED = '[[expect]]\ncase = "suspension/{case}"\noutcome = "fail"\nreason = "it forks"\nlink = "here"\n'


def test_a_known_deviation_is_foreseen(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "known.toml").write_text(EXPECTED.format(case=CASE))
    flags = (*SUITE, "-k", CASE, "--vfork-claim=linux", "--vfork-expectations=known.toml")
    run(*flags, "--vfork-mode=fork", "-rx").assert_outcomes(xfailed=CALLS)


def test_what_is_foreseen_is_told_by_its_reason_without_a_traceback(run: Run) -> None:
    told = run(*SUITE, "-k", CASE, "--vfork-mode=fork", "--xfail-tb").stdout.str()
    assert told.count("level suspends, above the claim posix: ") == CALLS
    assert "nodes.py" not in told


def test_a_stale_expectation_is_red(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "known.toml").write_text(EXPECTED.format(case=CASE))
    result = run(*SUITE, "-k", f"{CASE}:vfork", "--vfork-expectations=known.toml")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*STALE EXPECTATION*", "*but fail is expected (it forks): the expectation is*"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            EXPECTED.format(case="no-such-case"),
            "*known.toml: expectation 1 (suspension/no-such-case): stale: there is no case suspension/no-such-case*",
        ),
        (EXPECTED.format(case=CASE).replace("link", "lnk"), "*unknown key lnk*"),
        ("[[expect", "*known.toml: *"),
    ],
)
def test_a_bad_file_of_expectations_is_an_error_before_anything_runs(
    run: Run, pytester: pytest.Pytester, text: str, message: str
) -> None:
    (pytester.path / "known.toml").write_text(text)
    result = run(*SUITE, "-k", f"{CASE}:vfork", "--vfork-expectations=known.toml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


@pytest.mark.parametrize(
    ("named", "message"),
    [("no-such-cc", "no such C compiler: no-such-cc"), ("'x", """$CC: "'x" is no command: no closing quotation""")],
)
def test_a_broken_compiler_is_broken_and_never_a_finding(
    run: Run, monkeypatch: pytest.MonkeyPatch, named: str, message: str
) -> None:
    monkeypatch.setenv("CC", named)
    result = run(*SUITE, "-k", f"{CASE}:vfork")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*vfork: {message}"])


def test_the_fixtures_serve_anybodys_tests(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "mine.c.j2").write_text(
        '#include <stdio.h>\nint main(int argc, char **argv)\n{\n\tFILE *f = fopen(argv[1], "a");\n'
        '\tfprintf(f, "mine.{{ what }} 1 1 %d\\n", argc);\n\treturn {{ status }};\n}\n'
    )
    pytester.makepyfile("""
        from pathlib import Path

        def test_mine(vfork_interposer, vfork_compile, vfork_run):
            assert (vfork_interposer.name, vfork_interposer.mode.value) == ("shim", "emulate")
            program = vfork_compile(Path("mine.c.j2"), what="ran", status=3)
            for seen in (vfork_run(program, "{events}"), vfork_interposer.run(program, "{events}", deadline_s=30)):
                assert seen.status == 3 << 8
                assert [(event.name, event.value) for event in seen.events] == [("mine.ran", 2)]

        def test_a_workload(vfork_workload):
            result = vfork_workload(Path("area/two-echoes.sh.j2"))
            assert result.verdict.outcome.value == "pass", result.verdict
            assert {spawn.word for spawn in result.seen.spawns} == {"vfork"}
    """)
    (pytester.path / "area").mkdir()
    (pytester.path / "area" / "two-echoes.sh.j2").write_text(
        "#---\n# id: area/two-echoes\n# level: posix\n# spec: s\n# do: d\n# must: m\n# asserts: [output]\n"
        "# stdout: |\n#   one\n#   two\n# seen: {vfork: 2}\n#---\n/bin/echo one\n/bin/echo two\nexit 0\n"
    )
    run("--vfork-mode=emulate").assert_outcomes(passed=2)


def test_without_our_items_the_plugin_is_silent(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    result = run()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*vfork conformance*")


def test_importing_the_plugin_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    code = (
        "import sys, pytest, pytest_vfork.plugin.hooks, pytest_vfork.plugin.collection, pytest_vfork.plugin.fixtures\n"
    )
    code += "print([m for m in ('jinja2', 'yaml', 'psutil', 'ptrace') if m in sys.modules])"
    result = pytester.run(sys.executable, "-c", code)
    result.stdout.fnmatch_lines(["[[][]]"])


def test_another_package_adds_an_interposer_by_one_hook(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        from pytest_vfork import Boot, Interposer, Option

        class Mine(Interposer):
            name = "mine"
            version = "7"
            options = (Option("flavour", "WORD", "of what taste"),)

            def boot(self, log=None):
                return Boot(env={"MINE": self.settings.given.get("flavour", "here")})

        def pytest_vfork_extensions():
            return [Mine]
    """)
    pytester.makepyfile("""
        def test_it(vfork_interposer, vfork_compile):
            source = '#include <stdlib.h>\\n#include <stdio.h>\\nint main(void) { return puts(getenv("MINE")) < 0; }'
            assert (vfork_interposer.name, vfork_interposer.version) == ("mine", "7")
            assert vfork_interposer.run(vfork_compile(source)).stdout == "sweet\\n"
    """)
    run("--vfork-interposer=mine", "--vfork-flavour=sweet").assert_outcomes(passed=1)
    assert run("--vfork-flavour=sweet").ret == pytest.ExitCode.USAGE_ERROR, "it goes with mine alone"
    assert run("--vfork-interposer=yours").ret == pytest.ExitCode.USAGE_ERROR
