# SPDX-License-Identifier: MIT
"""Programs that judge themselves: the judge in C says what the judge in Python says, and nothing of it needs Python."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_vfork.building.builder import Builder
from pytest_vfork.commands.cli import main
from pytest_vfork.commands.export.profiles import CORE, SPOILED, holds
from pytest_vfork.commands.export.render import render
from pytest_vfork.commands.export.write import Wanted, write
from pytest_vfork.judging import ktap
from pytest_vfork.judging.verdict import judge_case
from pytest_vfork.model import Case, Mode, Outcome, item_name
from pytest_vfork.running.interposers import Settings
from pytest_vfork.running.interposers.shim import Shim
from pytest_vfork.templates import suite
from pytest_vfork.templates.faults import faults
from pytest_vfork.templates.frontmatter import read_case

ITEMS = ktap.items(suite.cases())
STATUS = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.UNSUPPORTED: 4, Outcome.BROKEN: 99}
DEADLINE_S = 60

# Its referee writes the events that it is given: whatever a case could show, the two judges can be asked about.
_ANY_EVENTS = """\
/*---
id: area/any-events
level: posix
spec: 'OBSERVED Linux 6.18: "nothing"'
do: It writes what it is told to.
must: The rules hold.
calls: [libc-vfork]
{rules}
fails_under: []
---*/
{{% extends "_lib/case.c.j2" %}}
{{% block parent %}}
	(void)spawn;
	_exit(getenv("TEST_STATUS") ? 3 : 0);
	event("a.one", 0), event("b.two", 0), event("c.three", 0);
{{% endblock %}}
{{% block child %}}
	_exit(n);
{{% endblock %}}
{{% block referee %}}
	FILE *file = fopen(getenv("TEST_EVENTS"), "re");
	char line[256];

	must(file);
	while (fgets(line, sizeof(line), file))
		must(write(EVENTS, line, strlen(line)) > 0);
	if (getenv("TEST_STATUS"))
		_exit(atoi(getenv("TEST_STATUS")));
{{% endblock %}}
"""
_RULES = """\
order: [{order}]
expect: [{expect}]
never: [{never}]"""
_RULE_SETS = (
    ("a.one < b.two", "c.three == 3", ""),
    ("a.one < b.two by value", "", ""),
    ("", "a.one == b.two, a.one.pid != c.three.tid", ""),
    ("", "count(a.one) == 2, b.two == count(c.three)", ""),
    ("", "a.one == exited(3), b.two != killed(SIGSEGV), c.three == stopped(SIGSTOP)", ""),
    ("", "parent.ended == killed(SIGRTMIN), a.one == -ENOENT", "c.three"),
    ("b.two < b.two", "", "a.one"),
)


@pytest.fixture
def program(builder: Builder, tmp_path: Path) -> Callable[..., Path]:
    """Compile one item as it is exported, but dynamically, so that a shim can be preloaded."""

    def make(case: Case, call: str, variant: str = "") -> Path:
        name = item_name(case.id, call, variant).replace("/", ".").replace(":", ".") + ".c"
        flags = (*builder.c_flags, "-Werror")
        return Path(builder.c_program(name, render(case, call, variant), flags).argv[0])

    return make


def run(program: Path, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [str(program)],
        env={**os.environ, "VFORK_TELL": "all", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=2 * DEADLINE_S,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def hold_together(case: Case, status: int, said: str) -> Outcome:
    """Ask both judges about the same facts; return what they agree on."""
    (told,) = ktap.read(said)
    assert status == STATUS[told.verdict.outcome], said
    if told.is_whole:
        verdict = judge_case(case, told.seen)
        assert told.verdict.outcome is verdict.outcome, said
        if verdict.outcome is Outcome.FAIL:
            assert (told.verdict.why, told.verdict.expected) == (verdict.why, verdict.expected), said
            assert told.verdict.seen == verdict.seen or told.seen.status is None, said
    return told.verdict.outcome


@pytest.mark.parametrize(("order", "expect", "never"), _RULE_SETS)
def test_both_judges_say_the_same_of_any_events(
    order: str, expect: str, never: str, program: Callable[..., Path], tmp_path: Path
) -> None:
    template = tmp_path / "c_tests" / "area" / "any-events.c.j2"
    template.parent.mkdir(parents=True)
    rules = _RULES.format(order=order, expect=expect, never=never)
    template.write_text(_ANY_EVENTS.format(rules=rules))
    case = read_case(template)
    judged = program(case, "libc-vfork")
    draw = random.Random(f"{order}{expect}{never}")
    values = (0, 1, 2, 3, -2, 9, 11, 139, 0x137F, 3 << 8, 0xFFFF, 34)
    seen = set()
    for _ in range(120):
        names = draw.choices(("a.one", "b.two", "c.three", "c.three 7", "d.e"), k=draw.randint(0, 7))
        lines = [f"{name} {draw.randint(1, 3)} {draw.randint(1, 3)} {draw.choice(values)}\n" for name in names]
        lines += draw.choices(("", "a.one 1 2", "cut sho", "a.one 1 2 x\n", "broken: x == y 1 1 2\n"), [9, 1, 1, 1, 1])
        # memory that a parent has destroyed meanwhile
        lines += draw.choices(("", "a.one 1 93841468849696 3\n", "a.one -1 1 3\n", "b.two 1 +1 9\n"), [9, 1, 1, 1])
        (tmp_path / "events").write_text("".join(lines))
        ending = {"TEST_STATUS": str(draw.choice((0, 3, 93)))} if draw.random() < 0.3 else {}
        seen.add(hold_together(case, *run(judged, TEST_EVENTS=str(tmp_path / "events"), **ending)))
    assert seen >= {Outcome.FAIL, Outcome.BROKEN}


# A few of each area, and of what needs something. PYTEST_VFORK_JUDGED=all: every item in every mode, and under every
# fault an item of each case that says that it fails under it.
_ALL = os.environ.get("PYTEST_VFORK_JUDGED") == "all"
_SAMPLE = [
    *sorted(ITEMS)[::97],
    "suspension/parent-waits-until-exec:clone3-stack",
    "memory/write-of-child-is-in-parent-after-its-exit:vfork",
    "cost/memory-of-the-child-is-not-charged:vfork",
    "signals/queued-signals-all-arrive-after-release:posix_spawn",
    "spawn/system-gives-the-status-of-its-command:system",
]


def _judged(treatment: str) -> list[str]:
    if not _ALL:
        return _SAMPLE
    if treatment in [mode.value for mode in Mode]:
        return sorted(ITEMS)
    first = {case.id: name for name, (case, _, _) in reversed(ITEMS.items()) if treatment in case.fails_under}
    return sorted(first.values())


@pytest.mark.parametrize(
    "treatment",
    [*(mode.value for mode in Mode), *(faults() if _ALL else ("parent-not-suspended", "refused-with-enosys"))],
)
def test_both_judges_say_the_same_of_the_suite(treatment: str, builder: Builder, program: Callable[..., Path]) -> None:
    modes = {mode.value: mode for mode in Mode}
    given: Mapping[str, str] = {} if treatment in modes else {"fault": treatment}
    mode = modes[treatment] if treatment in modes else faults()[treatment].modes[0]
    boot = Shim(Settings(mode, builder, given)).boot()
    outcomes = []
    for name in _judged(treatment):
        case, call, variant = ITEMS[name]
        if variant in ("static", "musl") or case.id in SPOILED:
            continue
        outcome = hold_together(case, *run(program(case, call, variant), VFORK_DEADLINE="5", **boot.env))
        outcomes.append(outcome)
        if treatment == "native":
            assert outcome in (Outcome.PASS, Outcome.UNSUPPORTED), name
    assert treatment not in modes or outcomes.count(Outcome.PASS) > 5
    assert Outcome.FAIL in outcomes or treatment in ("native", "reissue", "emulate") or _ALL
    print(treatment, Counter(outcome.value for outcome in outcomes))


def test_the_deadline_passes_and_nothing_is_left(program: Callable[..., Path], builder: Builder) -> None:
    case = ITEMS["suspension/parent-resumes-when-child-is-killed:vfork"][0]
    judged = program(case, "vfork")
    boot = Shim(Settings(Mode.EMULATE, builder, {"fault": "not-released-on-sigkill"})).boot()
    status, said = run(judged, VFORK_DEADLINE="1", **boot.env)
    assert hold_together(case, status, said) is Outcome.FAIL
    assert "did not end within the deadline" in said
    here = [path for path in Path("/proc").glob("[0-9]*/exe") if path.is_symlink() and _leads_to(path, judged)]
    assert not here


def _leads_to(link: Path, program: Path) -> bool:
    try:
        return link.readlink() == program
    except OSError:
        return False


def test_an_older_kernel_and_a_missing_need_are_skips(program: Callable[..., Path]) -> None:
    case = ITEMS["suspension/parent-waits-until-exec:clone3"][0]
    status, said = run(program(case, "clone3"), VFORK_KERNEL="4.4")
    assert status == 4
    assert "# SKIP Linux 5.3 or newer is needed; this is 4.4" in said
    status, said = run(program(replace(case, until=(7, 2)), "clone3"), VFORK_KERNEL="99.0")
    assert status == 4
    assert "# SKIP Linux before 7.2 is needed; this is 99.0" in said


def test_profile_core_is_what_a_young_kernel_can_run() -> None:
    chosen = [(case, *item) for case in suite.cases() for item in case.items if holds("core", case, *item)]
    assert len(chosen) == sum(map(len, CORE.values()))
    assert 30 <= len(chosen) <= 45
    without = [one for one in chosen if holds("core-without-exec", *one)]
    assert 10 <= len(without) < len(chosen)
    for case, call, variant in chosen:
        source = render(case, call, variant)
        own = source[: source.index("/*\n * The judge.")] + source[source.rindex("/* The judge has") :]
        assert not case.needs
        for word in ("kcmp", "ptrace(", "pthread_create", "unshare"):
            assert word not in own, (case.id, word)


@pytest.mark.needs(gcc="gcc --version", musl_tools="musl-gcc --version")
def test_sources_compile_by_the_command_in_their_first_comment(tmp_path: Path) -> None:
    """One of each case and variant, all of one command at once."""
    sources: dict[str, list[Path]] = {}
    for case in suite.cases():
        for call, variant in {variant: (call, variant) for call, variant in reversed(case.items)}.values():
            text = render(case, call, variant)
            command = re.search(r"Build: (.*?) -o case ", re.sub(r"\n \* +", " ", text))
            assert command, text
            made = sources.setdefault(command[1], [])
            made.append(tmp_path / f"{item_name(case.id, call, variant).replace('/', '.')}.c")
            made[-1].write_text(text)
    assert len(sources) > 5
    said = [
        subprocess.run(
            [*command.split(), "-fsyntax-only", "-Wall", "-Werror", *files],
            capture_output=True, text=True, timeout=300, check=False,
        ).stderr
        for command, files in sources.items()
    ]  # fmt: skip
    assert said == [""] * len(sources)


def test_export_writes_into_no_folder_of_somebody_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").touch()
    assert main(["export", str(tmp_path), "--profile", "core"]) == 2
    assert "neither empty nor an export" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "new"), "--calls", "fork"]) == 2
    assert main(["export", str(tmp_path / "new"), "-k", "no-such-item"]) == 2


@pytest.mark.parametrize(
    "manifest",
    [
        "{}",
        "[]",
        "{",
        '{"pytest_vfork": "1", "items": [{"source": "../mine", "program": null}]}',
        '{"pytest_vfork": "1", "items": [{"source": "src/a/..", "program": null}]}',
    ],
    ids=["of a browser", "list", "cut off", "that leads out", "that leads up"],
)
def test_export_renews_nothing_that_it_did_not_make(
    manifest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "mine").write_text("precious")
    for name, text in (("manifest.json", manifest), ("Makefile", "precious")):
        (tmp_path / "folder" / name).write_text(text)
    assert main(["export", str(tmp_path / "folder"), "-k", "parent-waits-until-exec:vfork"]) == 2
    assert "folder is neither empty nor an export" in capsys.readouterr().err
    assert (tmp_path / "folder/Makefile").read_text() == (tmp_path / "mine").read_text() == "precious"


def test_what_the_judge_would_spoil_is_left_out(tmp_path: Path) -> None:
    """The judge calls main() of the program that it is in: there the command line is never that of the case."""
    wanted = (*SPOILED, "suspension/parent-waits-until-exec")
    count, out = write(tmp_path, [case for case in suite.cases() if case.id in wanted], Wanted(calls=("clone3",)))
    assert (count, [item.name for item in out]) == (1, [f"{wanted[0]}:clone3"])


def test_a_renewed_export_has_nothing_of_the_one_before(tmp_path: Path) -> None:
    word = "parent-waits-until-exec"
    assert main(["export", str(tmp_path), "-k", word]) == 0
    for made in ("bin/suspension/parent-waits-until-exec.vfork", "init", "initramfs.cpio", "mine"):
        (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / made).touch()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["items"] = [{**item, "program": f"bin/{item['source'][4:-2]}"} for item in manifest["items"]]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert main(["export", str(tmp_path), "-k", f"{word}:vfork", "--target", "riscv64"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    (tmp_path / "mine").unlink()
    assert main(["export", str(tmp_path), "-k", f"{word}:vfork"]) == 0


def test_sources_are_of_their_machine_and_what_it_cannot_have_is_left_out(tmp_path: Path) -> None:
    wanted = ("suspension/parent-waits-until-exit", "memory/red-zone-survives-the-call")
    cases = [case for case in suite.cases() if case.id in wanted]
    _, out = write(tmp_path, cases, Wanted("aarch64", calls=("vfork", "clone3-stack")))
    assert {item.name.partition("+")[0]: item.why_not for item in out} == {
        f"{wanted[0]}:vfork": "aarch64 has no system call vfork(2)",
        f"{wanted[1]}:vfork": "it needs a processor with the registers of x86-64",
        f"{wanted[1]}:clone3-stack": "it needs a processor with the registers of x86-64",
    }
    assert '__asm__ volatile("svc #0' in (tmp_path / "src" / f"{wanted[0]}.clone3-stack.c").read_text("utf-8")
