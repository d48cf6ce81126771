# SPDX-License-Identifier: MIT
from __future__ import annotations

import errno
import signal

import pytest

from pytest_vfork.templates.rules import Expect, Field, Order, constant, parse_expect, parse_never, parse_order


def test_order_names_two_events() -> None:
    assert parse_order("child.exec < parent.returned") == Order(
        "child.exec < parent.returned", "child.exec", "parent.returned", False
    )
    assert parse_order("a.b < c.d by value").by_value


def test_expect_reads_fields_counts_and_constants() -> None:
    assert parse_expect("a.b == c.d.pid") == Expect("a.b == c.d.pid", Field("a.b", "value"), "==", Field("c.d", "pid"))
    assert parse_expect("count(a.b) != 8").left == Field("a.b", "count")
    assert parse_expect("a.b.tid == 7").right == 7


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        ("-1", -1),
        ("0x10", 16),
        ("ENOENT", errno.ENOENT),
        ("-ENOENT", -errno.ENOENT),
        ("SIGUSR1", signal.SIGUSR1),
        ("exited(3)", 3 << 8),
        ("killed(SIGKILL)", 9),
        ("stopped(SIGSTOP)", signal.SIGSTOP << 8 | 0x7F),
    ],
)
def test_constants(text: str, value: int) -> None:
    assert constant(text) == value


@pytest.mark.parametrize("text", ["a.b > c.d", "a < b.c", "a.b < c.d by pid", ""])
def test_bad_order_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="want"):
        parse_order(text)


@pytest.mark.parametrize("text", ["a.b", "a.b = 3", "a.b == ENOSUCH", "ab == 3", "a.b == killed(SIGNONE)"])
def test_bad_expect_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"want|is neither"):
        parse_expect(text)


def test_bad_never_is_refused() -> None:
    with pytest.raises(ValueError, match="want"):
        parse_never("a.b == 3")
