# SPDX-License-Identifier: MIT
"""An interposer, a site, an observer and a reporter from outside: in a conftest.py, and in an installed package."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from pytest_vfork import Boot, Interposer, Mode, Reporter, Result
from pytest_vfork.extending import Extension
from pytest_vfork.plugin.options import Kinds

Run = Callable[..., pytest.RunResult]
Package = Callable[[str], None]
DEADLINE_S = 300
both = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["plain", "xdist"])
EXTENSIONS = '''
from dataclasses import replace
from pytest_vfork import Boot, Interposer, Observer, Option, Reporter, Site
from pytest_vfork.running.sites.local import LocalSite


class Mine(Interposer):
    """Puts env(1) around a program."""

    name = "mine"
    options = (Option("flavour", "WORD", "of what taste"),)

    def boot(self, log=None):
        return Boot(prefix=("env", "FLAVOUR=" + self.settings.given.get("flavour", "none")))


class Attic(LocalSite):
    """This machine, under another name."""

    name = "attic"
    where = "ROOM"

    def describe(self):
        return {**super().describe(), "site": f"attic {self.place}"}


class Loud(Observer):
    """Says so when a program begins."""

    name = "loud"

    def around(self, boot):
        return Boot(("sh", "-c", 'echo loud.begins $$ $$ 7 >> "$0"; exec "$@"', "{events}", *boot.prefix), boot.env)


class Names(Reporter):
    """Writes the names of what ran."""

    name = "names"
    options = (Option("names", "FILE", "write the names of what ran to this file"),)

    def end(self, results, write_line):
        names = [result.name for result in results]
        (self.folder / self.given["names"]).write_text("\\n".join(names))
        write_line(f"{len(names)} names")
'''
HOOK = "\ndef pytest_vfork_extensions():\n    return [Mine, Attic, Loud, Names]\n"
KINDS = ("Mine", "Attic", "Loud", "Names")
CASE = "suspension/parent-waits-until-exec:vfork"
GIVEN = (
    "--vfork-interposer=mine", "--vfork-flavour=sweet", "--vfork-site=attic:north", "--vfork-observer=loud",
    "--vfork-names=names.txt", "--vfork-record=run.jsonl",
)  # fmt: skip


@pytest.fixture
def package(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Lay a package down as pip would."""

    def lay_down(text: str) -> None:
        site = pytester.path / "site-packages"
        (site / "theirs-1.dist-info").mkdir(parents=True, exist_ok=True)
        (site / "theirs.py").write_text(text)
        (site / "theirs-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
        points = "".join(f"{kind.lower()} = theirs:{kind}\n" for kind in KINDS)
        (site / "theirs-1.dist-info" / "entry_points.txt").write_text(f"[pytest_vfork]\n{points}")
        monkeypatch.setenv("PYTHONPATH", str(site))

    return lay_down


@pytest.fixture(params=["conftest", "package"])
def added(request: pytest.FixtureRequest, pytester: pytest.Pytester, package: Package) -> str:
    """The extensions, brought by a conftest.py, or by a package."""
    if request.param == "conftest":
        pytester.makeconftest(EXTENSIONS + HOOK)
    else:
        package(EXTENSIONS)
    return str(request.param)


@both
@pytest.mark.usefixtures("added")
def test_all_four_work_like_our_own(run: Run, pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    result = run(
        "--pyargs", "pytest_vfork.conformance", "-p", "no:cacheprovider", "-k", f"[{CASE}]", *GIVEN, *workers,
        *_conftest(pytester),
    )  # fmt: skip
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["on attic north: *interposer mine*", "1 names"])
    assert (pytester.path / "names.txt").read_text() == CASE
    lines = [json.loads(line) for line in (pytester.path / "run.jsonl").read_text().splitlines()]
    assert (lines[0]["interposer"], lines[0]["site"]) == ("mine", "attic north")
    seen = next(line for line in lines if line["kind"] == "case")["seen"]
    assert [event["value"] for event in seen["events"] if event["name"] == "loud.begins"] == [7]


@pytest.mark.usefixtures("added")
def test_their_options_are_told_and_checked_as_ours_are(run: Run, pytester: pytest.Pytester) -> None:
    more = _conftest(pytester)
    run("--help", *more).stdout.fnmatch_lines(["*--vfork-flavour=WORD*", "*of what taste*"])
    for wrong, message in (
        (("--vfork-flavour=sweet",), "*--vfork-flavour goes with --vfork-interposer=mine, not with shim*"),
        (("--vfork-site=cellar",), "*--vfork-site: 'cellar' is not one of attic, *local*"),
        (("--vfork-site=local:north",), "*--vfork-site: 'local:north': local takes nothing after its name*"),
    ):
        result = run(*wrong, *more)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([message])


def test_the_console_command_sees_a_package(pytester: pytest.Pytester, added: str) -> None:
    if added == "conftest":
        pytest.skip("pytest reads conftest.py, the command does not")
    shown = subprocess.run(
        [Path(sys.executable).with_name("pytest-vfork"), "run", "--vfork-interposer=mine", "--vfork-flavour=sour", "--",
         "sh", "-c", "echo $FLAVOUR"],
        capture_output=True, text=True, timeout=DEADLINE_S, check=True,
    )  # fmt: skip
    assert shown.stdout == "sour\n"


# What is put into the place of what in EXTENSIONS + HOOK, and what is said of it.
MISTAKES = {
    "no-extension": ("[Mine,", "[int,", "pytest_vfork_extensions: <class 'int'> is no class of an extension"),
    "no-list": ("[Mine, Attic, Loud, Names]", "Mine", "pytest_vfork_extensions: it returns conftest.Mine, want a list"),
    "list-of-instances": ("[Mine,", "[3,", "pytest_vfork_extensions: 3 is no class of an extension"),
    "name": ('name = "mine"', "name = 5", "conftest.Mine: name is 5, want a word"),
    "no-name": ('name = "mine"', "", "conftest.Mine: name is '', want a word"),
    "name-of-two-words": ('name = "attic"', 'name = "a:b"', "conftest.Attic: name is 'a:b', want a word"),
    "name-of-ours": (
        'name = "mine"', 'name = "shim"', "conftest.Mine: name is 'shim', and so is that of"
        " pytest_vfork.running.interposers.shim.Shim: call it something else",
    ),
    "site-of-ours": ('name = "attic"', 'name = "local"', "conftest.Attic: name is 'local', and so is that of *"),
    "reporter-of-ours": ('name = "names"', 'name = "html"', "conftest.Names: name is 'html', and so is that of *"),
    "comma": (
        'of what taste"),)', 'of what taste"))',
        "conftest.Mine: options is Option(name='flavour', *, want a tuple of Option, with a comma after the only one",
    ),
    "option-of-ours": (
        '"flavour", "WORD"', '"mode", "WORD"',
        "conftest.Mine: an option is called 'mode', and --vfork-mode is the plugin's own",
    ),
    "no-boot": ("def boot(self, log=None)", "def boots(self)", "conftest.Mine: has no boot"),
    "no-find": ("class Attic(LocalSite)", "class Attic(Site)", "conftest.Attic: has no find and no run"),
    "no-around": ("def around(", "def about(", "conftest.Loud: has no around"),
    "no-end": ("def end(", "def ends(", "conftest.Names: has neither begin nor add nor end"),
    "expectations": (
        'name = "mine"', 'name = "mine"; expectations = "x.toml"',
        "conftest.Mine: expectations is 'x.toml', want a pathlib.Path",
    ),
    "version": ('name = "mine"', 'name = "mine"; version = 1.0', "conftest.Mine: version is 1.0, want a string"),
    "modes": ('name = "mine"', 'name = "mine"; modes = ("fork",)', "conftest.Mine: modes is ('fork',), want a tuple *"),
    "no-kind": (
        "class Loud(Observer)", "from pytest_vfork import Extension\nclass Loud(Extension)",
        "conftest.Loud: is derived from none of Interposer, Site, Observer and Reporter",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_class_is_an_error_of_use(run: Run, pytester: pytest.Pytester, mistake: str) -> None:
    old, new, says = MISTAKES[mistake]
    assert (EXTENSIONS + HOOK).count(old) == 1
    pytester.makeconftest((EXTENSIONS + HOOK).replace(old, new))
    result = run("--pyargs", "pytest_vfork.conformance", "-k", f"[{CASE}]", "-p", "conftest")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = filter(None, result.errlines)
    assert fnmatchcase(line.replace("[", "("), f"ERROR: vfork: {says}*".replace("[", "(")), line


class Streams(Reporter):
    """Tells of each item as it comes, and has nothing to add at the end."""

    name = "streams"

    def add(self, result: Result) -> None:
        """Tell."""


class Many(Interposer):
    """Its modes have no order."""

    name = "many"
    modes = frozenset(Mode)  # type: ignore[assignment]

    def boot(self, log: str | None = None) -> Boot:
        """Do nothing."""
        return Boot()


@pytest.mark.parametrize("kind", [Streams, Many])
def test_what_can_work_is_no_mistake(kind: type[Extension]) -> None:
    assert kind.mistake() == ""


def test_ours_are_made_without_a_mistake() -> None:
    assert {kind.mistake() for kind in Kinds.found()} == {""}


def test_a_mistake_in_a_package_is_an_error_of_use(run: Run, package: Package) -> None:
    for text, says in (
        (EXTENSIONS.replace('name = "mine"', 'name = "shim"'), "theirs.Mine: name is 'shim', and so is that of "),
        (EXTENSIONS.replace("class Mine", "class Their"), "the entry point mine = theirs:Mine does not load: "),
        ("import nobody\n", "the entry point mine = theirs:Mine does not load: No module named 'nobody'"),
    ):
        package(text)
        result = run()
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        (line,) = filter(None, result.errlines)
        assert line.startswith(f"ERROR: vfork: {says}")
        command = [Path(sys.executable).with_name("pytest-vfork"), "run", "--", "true"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        assert (done.returncode, done.stderr.startswith(f"pytest-vfork: {says}")) == (2, True), done.stderr
        assert done.stderr.count("\n") == 1


PREFIX = 'prefix=("env", "FLAVOUR=" + self.settings.given.get("flavour", "none"))'


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("return Boot(prefix=", "Boot(prefix=", "Mine.boot returned None, want a Boot"),
        (PREFIX, 'prefix="nice"', "Mine.boot returned a Boot whose prefix is 'nice', want a tuple of words"),
        (
            PREFIX, 'env={"N": 1}',
            "Mine.boot returned a Boot whose env is {'N': 1}, want a mapping from strings to strings",
        ),
        ("return Boot(prefix=", "1 / 0\n        Boot(prefix=", "Mine.boot: ZeroDivisionError: division by zero"),
        (
            "return Boot(prefix=", "open('/no')\n        Boot(prefix=",
            "Mine.boot: FileNotFoundError: /no: No such file or directory",
        ),
        ("return Boot((", "Boot((", "Loud.around returned None, want a Boot"),
    ],
    ids=["none", "prefix", "env", "raises", "errno", "around"],
)  # fmt: skip
@both
def test_a_mistake_of_what_boots_is_one_error(
    run: Run, pytester: pytest.Pytester, old: str, new: str, says: str, workers: tuple[str, ...]
) -> None:
    assert EXTENSIONS.count(old) == 1
    pytester.makeconftest(EXTENSIONS.replace(old, new) + HOOK)
    mine = ("--vfork-interposer=mine", "--vfork-observer=loud")
    result = run("--pyargs", "pytest_vfork.conformance", "-k", f"[{CASE}]", "-p", "conftest", *mine, *workers)
    result.assert_outcomes(errors=1)
    assert result.ret == (pytest.ExitCode.USAGE_ERROR if " returned " in says else pytest.ExitCode.TESTS_FAILED)
    assert f"vfork: conftest.{says}" in result.outlines
    result.stdout.no_fnmatch_line("*Traceback*")


OF_A_REPORTER = {
    "end": ("def end(self, results, write_line)", "def end(self, results)", "TypeError: *2*3*"),
    "add": ("    def end(", "    def add(self, result):\n        1 / 0\n\n    def end(", "ZeroDivisionError: *"),
    "begin": ("    def end(", "    def begin(self):\n        pass\n\n    def end(", "TypeError: *"),
    "__init__": ("    def end(", "    def __init__(self):\n        pass\n\n    def end(", "TypeError: *"),
}


@both
@pytest.mark.parametrize("method", OF_A_REPORTER)
def test_a_reporter_that_fails_keeps_no_other_from_its_results(
    run: Run, pytester: pytest.Pytester, method: str, workers: tuple[str, ...]
) -> None:
    old, new, says = OF_A_REPORTER[method]
    assert EXTENSIONS.count(old) == 1
    pytester.makeconftest(EXTENSIONS.replace(old, new) + HOOK)
    written = ("--vfork-names=names.txt", "--vfork-record=run.jsonl")
    case = f"[{CASE}]"
    result = run("--pyargs", "pytest_vfork.conformance", "-k", case, "-p", "conftest", *written, *workers)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["no level: 1 of *", f"conftest.Names.{method}: {says}"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert '"ladder"' in (pytester.path / "run.jsonl").read_text()


def _conftest(pytester: pytest.Pytester) -> tuple[str, ...]:
    """The suite does not lie below the folder of the conftest.py, which therefore has to be named."""
    return ("-p", "conftest") if (pytester.path / "conftest.py").exists() else ()
