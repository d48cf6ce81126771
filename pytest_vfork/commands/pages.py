# SPDX-License-Identifier: MIT
"""Pages of docs/ are made from templates that lie beside the module that knows what to say."""

from __future__ import annotations

from pathlib import Path

import jinja2


def render_page(template: Path, **values: object) -> str:
    """Render a template, in which a name that is not among the values is an error; the page ends with one newline."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    return environment.get_template(template.name).render(values).rstrip() + "\n"
