# SPDX-License-Identifier: MIT
"""What goes into the source of a case beside its own template: known without rendering it."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from pathlib import Path

from ..templates.places import ours


@functools.cache
def digest() -> str:
    """Return a hash of the parts that our templates share, and of all that renders them."""
    package = Path(__file__).parent.parent
    below = (file for folder in ours() for file in folder.rglob("*.j2"))
    shared = (file for file in below if file.name.startswith("_") or file.parent.name.startswith("_"))
    made = hashlib.sha256(importlib.metadata.version("jinja2").encode())
    for file in sorted((*shared, *package.glob("building/*.py"), *package.glob("templates/*.py"))):
        made.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return made.hexdigest()
