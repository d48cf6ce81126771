# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest

from pytest_vfork.building.render import render_workload
from pytest_vfork.model import Level
from pytest_vfork.templates import frontmatter, suite

CASE = """\
/*---
id: area/a-rule
level: shares
spec: 'vfork(2): "shares"'
do: Something.
must: Something else.
calls: [vfork, clone]
order: [a.b < c.d]
expect: [a.b == 1]
never: [e.f]
fails_under: [fork]
since: '5.3'
needs: [root]
differs: Not at all.
variants: {musl: [vfork], O0: [vfork, clone]}
---*/
{% extends "_lib/case.c.j2" %}
{% block parent %}
	event("a.b", 1);
	event("c.d", 2);
	event(pid ? "e.f" : "a.b", 1);
{% endblock %}
"""


def write(folder: Path, text: str, name: str = "a-rule.c.j2") -> Path:
    path = folder / "area" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_front_matter_may_end_the_file(tmp_path: Path) -> None:
    with pytest.raises(frontmatter.FrontMatterError, match="the program writes no such event"):
        frontmatter.read_case(write(tmp_path, CASE.partition("---*/")[0] + "---*/"))


def test_what_cannot_be_opened_is_told_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(frontmatter.FrontMatterError) as error:
        frontmatter.read(path)
    assert str(error.value) == f"{path}:1: Too many levels of symbolic links"


def test_a_case_is_read(tmp_path: Path) -> None:
    case = frontmatter.read_case(write(tmp_path, CASE))
    assert (case.id, case.level, case.calls, case.since) == ("area/a-rule", Level.SHARES, ("vfork", "clone"), (5, 3))
    assert [rule.text for rule in case.rules] == ["a.b < c.d", "a.b == 1", "never e.f"]
    assert case.fails_under == {"fork"}
    assert (case.needs, case.differs) == (("root",), "Not at all.")
    assert case.items == [("vfork", ""), ("clone", ""), ("vfork", "musl"), ("vfork", "O0"), ("clone", "O0")]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("id: area/a-rule", "id: area/other", 2, "id: 'area/other' must be <folder>/<file name>"),
        ("level: shares", "level: high", 3, "level: 'high': want one of posix, suspends, shares, linux"),
        ("level: shares", "level: posix", 3, "level: posix, but fails_under has fork"),
        ("[fork]", "[]", 3, "level: shares, but fails_under lacks fork"),
        ("'vfork(2): \"shares\"'", "it shares", 4, "spec: no source before 'it shares': want vfork(2)"),
        ("'vfork(2): \"shares\"'", "'vfork(2): shares'", 4, "spec: no quoted sentence: want vfork(2)"),
        ("'vfork(2): \"shares\"'", "'vfork(2)'", 4, "spec: vfork(2) without a sentence"),
        ("do: Something.", "do: ''", 5, "do: missing"),
        ("do: Something.", "do: something", 5, "do: want sentences: the last one ends in a full stop"),
        ("Something else.", "else", 6, "must: want sentences"),
        ("Not at all.", "no", 14, "differs: want sentences"),
        ("[vfork, clone]", "[]", 7, "calls: none: want some of vfork"),
        ("calls: [vfork, clone]", "calls: vfork", 7, "calls: vfork: want some of vfork"),
        ("[vfork, clone]", "[vfork, vfork]", 7, "calls: one of them stands there twice"),
        ("[root]", "[luck]", 13, "needs: luck: want some of root"),
        ("{musl: [vfork], O0: [vfork, clone]}", "{risc: [vfork]}", 15, "variants: {'risc': ['vfork']}: want a mapping"),
        ("{musl: [vfork],", "{musl: [clone3],", 15, "variants: clone3: want some of vfork, clone"),
        ("[vfork, clone]", "[vfork, spoon]", 7, "calls: spoon: want some of vfork"),
        ("[a.b < c.d]", "[a.b before c.d]", 8, "order: order 'a.b before c.d': want"),
        ("[a.b < c.d]", "[a.b < c.e]", 8, "order: c.e: the program writes no such event"),
        ("[a.b == 1]", "[a.b == g.h.pid]", 9, "expect: g.h: the program writes no such event"),
        ("[e.f]", "[e.g]", 10, "never: e.g: the program writes no such event"),
        ("[a.b == 1]", "[a.b == EWHAT]", 9, "expect: 'EWHAT' is neither"),
        (
            "[fork]",
            "[spork]",
            11,
            "fails_under: neither one of emulate, fork, reissue nor a fault: 'spork' is no fault",
        ),
        ("since: '5.3'", "since: later", 12, "since: want the first Linux version"),
        ("since: '5.3'", "since: 5.10", 12, "since: want the first Linux version"),
        ("since: '5.3'", "since: '5.3'\nuntil: '5.3'", 13, "until: no Linux version promises it"),
        ("since: '5.3'", "sinse: '5.3'", 12, "sinse: unknown key"),
        ("order: [a.b < c.d]\nexpect: [a.b == 1]\nnever: [e.f]\n", "", 6, "a case that asserts nothing"),
        ("must: Something else.", "must: [", 7, "not YAML"),
        ("/*---", "/*", 1, "no front matter: the file must begin with /*--- or #---"),
        (
            "/*---",
            "\ufeff/*---",
            1,
            "no front matter: the file must begin with /*--- or #---, not with a byte order mark",
        ),
        ("/*---", "\n \n/*---", 3, "no front matter: the file must begin with /*--- or #---, and this is line 3"),
        ("/*---", "/* ---", 1, "no front matter: the file must begin with /*--- or #---, not with '/* ---'"),
        ("/*---", " /*--- ", 1, "no front matter: the file must begin with /*--- or #---, not with ' /*--- '"),
        ("---*/", "", 1, "the front matter is not closed by a line ---*/"),
        ("---*/", " ---*/", 1, "the front matter is not closed by a line ---*/"),
        (CASE, "", 1, "no front matter: the file must begin with /*--- or #---"),
        (CASE, "#---", 1, "the front matter is not closed by a line #---"),
        (CASE, "#---\n#---", 2, "front matter must be a mapping"),
        (CASE, "/*---\n---*/\n", 2, "front matter must be a mapping"),
    ],
)
def test_each_broken_rule_has_a_message_with_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    path = write(tmp_path, CASE.replace(old, new, 1))
    with pytest.raises(frontmatter.FrontMatterError) as error:
        frontmatter.read_case(path)
    assert str(error.value).startswith(f"{path}:")
    assert message in str(error.value)
    if "YAML" not in message:
        assert str(error.value).startswith(f"{path}:{line}: ")


WORKLOAD = """\
#---
# id: area/a-rule
# level: shares
# spec: s
# do: d
# must: m
# stdout: |
#   one
#   two
# seen: {vfork: 2, make clone-stack|clone3-stack with VM+VFORK: 1}
# never_seen: [bash family]
# asserts: [statuses, errors]
# needs: {make --version: make}
# options: [-S]
# version: [make, --version]
# fails_under: [fork]
# under_fork: It hangs.
#---
print(1)
"""


def test_a_workload_is_read_from_a_script(tmp_path: Path) -> None:
    workload = frontmatter.read_workload(write(tmp_path, WORKLOAD, "a-rule.py.j2"))
    assert (workload.stdout, workload.seen["vfork"], workload.needs) == ("one\ntwo\n", 2, {"make --version": "make"})
    assert (workload.language, workload.options, workload.under_fork) == ("py", ("-S",), "It hangs.")
    assert frontmatter.body(workload.template) == "\n" * WORKLOAD.count("\n", 0, -len("print(1)\n")) + "print(1)\n"


def test_a_workload_may_be_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "area" / "a-rule" / "main.py.j2"
    path.parent.mkdir(parents=True)
    path.write_text(WORKLOAD)
    (path.parent / "beside.txt.j2").write_text("{{ 1 + 1 }}\n")
    workload = frontmatter.read_workload(path)
    assert dict(render_workload(workload)) == {"a-rule.py": "print(1)\n", "beside.txt": "2\n"}


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("vfork: 2", "spoon: 2", 10, "seen: spoon: want some of vfork"),
        ("with VM+VFORK", "with VM+SPOON", 10, "seen: SPOON: no flag"),
        ("vfork: 2", "vfork: 0", 10, "seen: want a mapping"),
        ("bash family", "a b c", 11, "never_seen: 'a b c': want"),
        ("[statuses, errors]", "[spoons]", 12, "asserts: ['spoons']: want some of"),
        ("{make --version: make}", "[make]", 13, "needs: want a mapping"),
        ("{make --version: make}", "{make: make}", 13, "needs: 'make': an executable may be there and not work"),
        ("{make --version: make}", "{sh -c ': make}", 13, 'needs: "sh -c \'" is no command: no closing quotation'),
        ("[fork]", "[]", 17, "under_fork: goes with fork in fails_under"),
    ],
)
def test_each_broken_rule_of_a_workload_has_a_message(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    path = write(tmp_path, WORKLOAD.replace(old, new, 1), "a-rule.py.j2")
    with pytest.raises(frontmatter.FrontMatterError) as error:
        frontmatter.read_workload(path)
    assert str(error.value).startswith(f"{path}:{line}: {message}")


def test_no_two_of_ours_have_one_id_and_each_has_that_of_its_place() -> None:
    ids = [*(case.id for case in suite.cases()), *(workload.id for workload in suite.workloads())]
    assert sorted(ids) == sorted(set(suite.ids()))
