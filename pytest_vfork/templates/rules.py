# SPDX-License-Identifier: MIT
"""The small language in which a case says what must hold of its events.

order:   a.b < c.d                 every a.b came before every c.d, and both came
         a.b < c.d by value        the same, for each value on its own
expect:  a.b == 42                 the event came, and its value is 42, each time it came
         a.b == c.d.pid            fields are value (if none is named), pid and tid
         a.b == exited(0)          wait statuses: exited(N), killed(SIGNAME), stopped(SIGNAME), continued()
         a.b == -ENOENT            errno names, negated or not, and signal names
         a.b != 0
         count(a.b) == 8           how often it came
never:   a.b                       it did not come
"""

from __future__ import annotations

import errno
import re
import signal

from ..model.rules import Expect, Field, Never, Order

_NAME = r"[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*"
_ORDER = re.compile(rf"(?P<first>{_NAME}) < (?P<then>{_NAME})(?P<by> by value)?")
_EXPECT = re.compile(r"(?P<left>\S+) (?P<relation>==|!=) (?P<right>\S+)")
_OPERAND = re.compile(rf"(?P<count>count\()?(?P<name>{_NAME})(?:\.(?P<field>value|pid|tid))?(?(count)\))")
_STATUS = re.compile(r"(?P<how>exited|killed|stopped|continued)\((?P<what>\w*)\)")


def parse_order(text: str) -> Order:
    """Read one line of `order`; raise ValueError with what is wrong."""
    match = _ORDER.fullmatch(text)
    if match is None:
        raise ValueError(f"order {text!r}: want 'role.event < role.event' or '... by value'")
    return Order(text, match["first"], match["then"], match["by"] is not None)


def parse_expect(text: str) -> Expect:
    """Read one line of `expect`; raise ValueError with what is wrong."""
    match = _EXPECT.fullmatch(text)
    left = _OPERAND.fullmatch(match["left"]) if match else None
    if match is None or left is None:
        raise ValueError(f"expect {text!r}: want 'role.event[.pid|.tid] == value' or '!='")
    right = _OPERAND.fullmatch(match["right"])
    return Expect(text, _field(left), match["relation"], _field(right) if right else constant(match["right"]))


def parse_never(text: str) -> Never:
    """Read one line of `never`; raise ValueError with what is wrong."""
    if re.fullmatch(_NAME, text) is None:
        raise ValueError(f"never {text!r}: want 'role.event'")
    return Never(f"never {text}", text)


def constant(text: str) -> int:
    """Read a number, an errno or signal name (negated or not) or a wait status; raise ValueError for anything else."""
    status = _STATUS.fullmatch(text)
    if status:
        number = _number(status["what"] or "0")
        # bits/waitstatus.h: W_EXITCODE, W_STOPCODE, __W_CONTINUED
        encoded = {"exited": number << 8, "killed": number, "stopped": number << 8 | 0x7F, "continued": 0xFFFF}
        return encoded[status["how"]]
    return -_number(text[1:]) if text.startswith("-") else _number(text)


def _number(text: str) -> int:
    if re.fullmatch(r"\d+|0x[0-9a-f]+", text):
        return int(text, 0)
    number = getattr(errno, text, None) or getattr(signal, text, None)
    if not isinstance(number, int):
        raise ValueError(f"{text!r} is neither a number, an errno, a signal nor a wait status")
    return int(number)


def _field(match: re.Match[str]) -> Field:
    return Field(match["name"], "count" if match["count"] else match["field"] or "value")
