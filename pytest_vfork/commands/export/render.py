# SPDX-License-Identifier: MIT
"""Case → C source that judges itself: the rules of the front matter become calls of the judge, `_lib/judge.c.j2`."""

from __future__ import annotations

import json
import platform
import re
import signal
from collections.abc import Iterable, Mapping

from ...building.render import render_case
from ...model import Case, item_name
from ...model.rules import Expect, Field, Never, Order, Rule
from ...running import present
from ...templates.needs import NEEDS

_FIELDS = {"value": "JUDGED_VALUE", "pid": "JUDGED_PID", "tid": "JUDGED_TID", "count": "JUDGED_COUNT"}
# clone3(2) itself came with this version, whatever the case says.
CLONE3_SINCE = (5, 3)


def render(case: Case, call: str, variant: str = "", machine: str = platform.machine()) -> str:
    """Return the C source of one item for a machine; without arguments, the program judges itself."""
    lacks = [{"check": NEEDS[name].check, "sentence": c_string(sentence(name))} for name in case.needs]
    orders = [rule for rule in case.rules if isinstance(rule, Order)]
    return render_case(
        case,
        call,
        variant,
        machine=machine,
        more={
            "judged": True,
            "item": item_name(case.id, call, variant),
            "must": c_string(" ".join(case.must.split())),
            "rules": [_call(rule) for rule in case.rules],
            "orders": bool(orders),
            "orders_by_value": any(rule.by_value for rule in orders),
            "expects": any(isinstance(rule, Expect) for rule in case.rules),
            "nevers": any(isinstance(rule, Never) for rule in case.rules),
            "signals": [f'[{one.value}] = "{one.name}"' for one in signal.Signals],
            "lacks": lacks,
            "helpers": _helpers(lack["check"] for lack in lacks),
            "since": list(since(case, call)),
            "until": list(case.until or ()),
        },
    )


def since(case: Case, call: str) -> tuple[int, int]:
    """Return the first Linux version that has the item."""
    return max(case.since, CLONE3_SINCE) if call.startswith("clone3") else case.since


def sentence(need: str) -> str:
    """Say what a case needs and how to get it."""
    return f"it needs {NEEDS[need].what}: {NEEDS[need].remedy}"


def c_string(text: str) -> str:
    """Return a C string literal."""
    return json.dumps(text, ensure_ascii=False)


def _call(rule: Rule) -> str:
    text = c_string(rule.text)
    if isinstance(rule, Never):
        return f"judge_never({c_string(rule.name)})"
    if isinstance(rule, Order):
        by = "judge_order_by_value" if rule.by_value else "judge_pair"
        return f"{by}({text}, {c_string(rule.first)}, {c_string(rule.then)}{'' if rule.by_value else ', NULL'})"
    right: Mapping[bool, str] = {
        True: f"{c_string(rule.right.name)}, {_FIELDS[rule.right.field]}, 0" if isinstance(rule.right, Field) else "",
        False: f"NULL, 0, {rule.right}",
    }
    is_status = int("(" in rule.text and rule.left.field == "value")
    left = f"{c_string(rule.left.name)}, {_FIELDS[rule.left.field]}, {int(rule.relation == '==')}"
    return f"judge_expect({text}, {left}, {right[isinstance(rule.right, Field)]}, {is_status})"


def _helpers(checks: Iterable[str]) -> str:
    """Return what of running/present.c the checks stand on: functions, what those stand on, and weak declarations."""
    code, checks = present.program(), " ".join(checks)
    parts = re.split(r"\n\n(?=#ifndef|/\*|static )", code[: code.index("int main(")])[1:]
    named = {match[1]: part.strip() for part in parts for match in re.finditer(r"^static \w+ (\w+)\(", part, re.M)}
    wanted: list[str] = []
    queue = checks
    while True:
        more = [name for name in named if name not in wanted and re.search(rf"\b{name}\b", queue)]
        if not more:
            break
        wanted += more
        queue = "\n".join(named[name] for name in more)
    defines = [part.strip() for part in parts if part.startswith("#") and "CLONE_NEWTIME" in checks]
    weak = re.finditer(r"^int (\w+)\(\) __attribute__\(\(weak\)\);$", code, re.M)
    defines += [match[0] for match in weak if re.search(rf"\b{match[1]}\b", checks)]
    return "\n\n".join([*defines, *(part for name, part in named.items() if name in wanted)])
