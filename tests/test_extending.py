# SPDX-License-Identifier: MIT
"""An interposer, a site, an observer and a reporter from outside: in a conftest.py, and in an installed package."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., pytest.RunResult]
DEADLINE_S = 300
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


@pytest.fixture(params=["conftest", "package"])
def added(request: pytest.FixtureRequest, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> str:
    """The extensions, brought by a conftest.py, or by a package as pip would lay it down."""
    if request.param == "conftest":
        pytester.makeconftest(EXTENSIONS + HOOK)
    else:
        site = pytester.mkdir("site-packages")
        (site / "theirs.py").write_text(EXTENSIONS)
        (site / "theirs-1.dist-info").mkdir()
        (site / "theirs-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
        points = "".join(f"{kind.lower()} = theirs:{kind}\n" for kind in KINDS)
        (site / "theirs-1.dist-info" / "entry_points.txt").write_text(f"[pytest_vfork]\n{points}")
        monkeypatch.setenv("PYTHONPATH", str(site))
    return str(request.param)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["plain", "xdist"])
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


def test_what_is_no_extension_is_an_error_of_use(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest("def pytest_vfork_extensions():\n    return [int]\n")
    result = run("-p", "conftest")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*pytest_vfork_extensions: <class 'int'> is no class of an extension with a name*"])
    result.stderr.no_fnmatch_line("*Traceback*")


def _conftest(pytester: pytest.Pytester) -> tuple[str, ...]:
    """The suite does not lie below the folder of the conftest.py, which therefore has to be named."""
    return ("-p", "conftest") if (pytester.path / "conftest.py").exists() else ()
