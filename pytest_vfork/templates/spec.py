# SPDX-License-Identifier: MIT
"""Reads the `spec` of a case: sentences, each with its source.

A spec is one or more of `SOURCE: "sentence"`, separated by `; ` or `. `. A source is a manual page (`vfork(2)`), a
standard (`POSIX posix_spawn()`, `System V psABI, AMD64`), a file or function of the kernel (`kernel/fork.c`,
`kernel_clone()`), or `OBSERVED Linux 6.18`. A sentence that is not quoted is ours, which the last two alone allow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SOURCE = (
    r"OBSERVED (?:on )?[A-Za-z]\w* \d[\d.]*\d(?: to \d[\d.]*\d)?"
    r"|POSIX[\w.-]*(?: \w+(?:\(\))?)?"
    r"|System V psABI, AMD64"
    r"|[a-z_][\w-]*\(\d[a-z]*\)"
    r"|[a-z]\w*\(\)"
    r"|[a-z][\w/-]*/[\w-]+\.[chS]"
)
_STARTS = re.compile(rf"(?P<source>{_SOURCE})(?P<rest>.*)", re.DOTALL)
_BETWEEN = re.compile(rf"[;.] (?=(?:{_SOURCE})(?!\w)|\"|[A-Z][A-Z_0-9]+: \")")
_MAY_BE_OURS = re.compile(r"OBSERVED|[a-z]\w*\(\)|[a-z][\w/-]*/[\w-]+\.[chS]")


@dataclass(frozen=True)
class Promise:
    """One sentence and where it stands; `text` is both as they were written."""

    source: str
    sentence: str
    text: str = field(default="", compare=False)

    @property
    def is_quoted(self) -> bool:
        """Whether the sentence holds words of its source."""
        return '"' in self.sentence


def read_spec(text: str) -> tuple[Promise, ...]:
    """Read a spec; raise ValueError that says what is wrong."""
    promises: list[Promise] = []
    for part in _parts(text.strip()):
        match = _STARTS.fullmatch(part)
        if match:
            source, sentence = match["source"], match["rest"].lstrip(":, ").strip()
        elif promises and re.match(r'([A-Z][A-Z_0-9]+: )?"', part):
            source, sentence = promises[-1].source, part
        else:
            raise ValueError(f"no source before {part[:40]!r}: want vfork(2), kernel_clone(), OBSERVED Linux 6.18, ...")
        if not sentence:
            raise ValueError(f"{source} without a sentence")
        promises.append(Promise(source, sentence, part if match else f"{source}: {part}"))
    if not any(promise.is_quoted or _MAY_BE_OURS.match(promise.source) for promise in promises):
        raise ValueError('no quoted sentence: want vfork(2): "the calling thread is suspended until ..."')
    return tuple(promises)


def _parts(text: str) -> list[str]:
    """Split where a new source or a new quotation begins, but never inside a quotation (which may hold another)."""
    parts, start = [], 0
    for match in _BETWEEN.finditer(text):
        before = text[start : match.start()]
        if before.count('"') % 2 == 0:
            parts.append(before.strip())
            start = match.end()
    return [*parts, text[start:].strip()]
