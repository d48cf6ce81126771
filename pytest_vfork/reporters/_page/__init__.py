# SPDX-License-Identifier: MIT
"""The page of one or several records: one file, no network; its own JavaScript draws it from the data that it holds."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from ...records import Record
from . import data

_FOLDER = Path(__file__).parent
# In this order, as one script: what a file uses while it is read stands before it.
_SCRIPTS = ("query", "timeline", "items", "words", "head", "filter", "matrix", "overview", "detail", "address")


def render(records: Sequence[Record]) -> str:
    """Return the page of these records, side by side in their order."""
    style = (_FOLDER / "page.css").read_text("utf-8")
    parts = "\n".join((_FOLDER / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
    script = f'(() => {{\n"use strict";\n{parts}}})();\n'
    told, sources = data.collect(records)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True
    )
    page = environment.get_template("page.html.j2").render(
        title=f"{', '.join(record.label for record in records)}: vfork conformance",
        style=Markup(style),
        script=Markup(script),
        allowed=_allowed(script),
        data=Markup(escape(told)),
        sources=_packed(sources),
    )
    return page + "\n"


def escape(told: object) -> str:
    """Return JSON that can stand in a script element: no text of it can end the element or begin a comment."""
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _allowed(script: str) -> str:
    """Return the content security policy: our own script and nothing else, and nothing from anywhere."""
    seal = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rest = "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src 'sha256-{seal}'; {rest}"


def _packed(sources: Sequence[str]) -> str:
    """Return the sources, gzipped as one text: six megabytes of C are a quarter of one, as they have much in common."""
    text = json.dumps(list(sources), ensure_ascii=False).encode()
    return base64.b64encode(gzip.compress(text, 9, mtime=0)).decode()
