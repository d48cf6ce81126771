# SPDX-License-Identifier: MIT
"""What goes into the source of a case beside its own template: known without rendering it."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from pathlib import Path

from ..templates import places


@functools.cache
def digest() -> str:
    """Return a hash of the parts that templates share, and of all that renders them."""
    package = Path(__file__).parent.parent
    shared = places.folder("c_tests").glob("_lib/*")
    made = hashlib.sha256(importlib.metadata.version("jinja2").encode())
    for file in sorted((*shared, *package.glob("building/*.py"), *package.glob("templates/*.py"))):
        made.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return made.hexdigest()
