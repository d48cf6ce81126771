# SPDX-License-Identifier: MIT
"""Reading a spec: sentences, each with its source."""

from __future__ import annotations

import pytest

from pytest_vfork.templates.spec import Promise, read_spec


@pytest.mark.parametrize(
    ("spec", "promises"),
    [
        ('vfork(2): "is suspended"', [("vfork(2)", '"is suspended"')]),
        ('fork(2): "one"; "two"', [("fork(2)", '"one"'), ("fork(2)", '"two"')]),
        ('fork(2): "one; two"; wait(2): "three"', [("fork(2)", '"one; two"'), ("wait(2)", '"three"')]),
        ('clone(2): CLONE_VM: "a"; CLONE_FS: "b"', [("clone(2)", 'CLONE_VM: "a"'), ("clone(2)", 'CLONE_FS: "b"')]),
        (
            'OBSERVED Linux 6.18, not under ptrace: it goes on. _exit(2): "ends"',
            [("OBSERVED Linux 6.18", "not under ptrace: it goes on"), ("_exit(2)", '"ends"')],
        ),
        (
            "kernel_clone(): EINVAL; kernel/fork.c: so it is",
            [("kernel_clone()", "EINVAL"), ("kernel/fork.c", "so it is")],
        ),
        ("OBSERVED glibc 2.24 to 2.36: returned", [("OBSERVED glibc 2.24 to 2.36", "returned")]),
        ('POSIX posix_spawn(): "shall"', [("POSIX posix_spawn()", '"shall"')]),
    ],
)
def test_a_spec_is_taken_apart(spec: str, promises: list[tuple[str, str]]) -> None:
    assert read_spec(spec) == tuple(Promise(*promise) for promise in promises)


def test_a_sentence_of_ours_is_told_from_a_quoted_one() -> None:
    quoted, ours = read_spec('vfork(2): "waits"; mm_release() completes it')
    assert (quoted.is_quoted, ours.is_quoted) == (True, False)
