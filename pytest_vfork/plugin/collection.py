# SPDX-License-Identifier: MIT
"""Collection: which files are cases and workloads, and how their results get onto pytest's reports."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from ..templates import places
from .nodes import Folder, TemplateItem, template_file
from .once import is_mistaken, kinds_of, roots_of
from .options import CASES, given_options

_SUITE = Path(__file__).parents[1] / "conformance"  # the package that --pyargs names


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare where cases and workloads of one's own lie."""
    group = parser.getgroup("vfork", "vfork conformance")
    group.addoption(f"--vfork-{CASES.name}", action="append", default=[], metavar=CASES.metavar, help=CASES.help)
    parser.addini("vfork_cases", CASES.help, type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Check the folders."""
    roots_of(config)


def is_ours(config: pytest.Config) -> bool:
    """Say whether this is a run of cases and workloads, by its options and arguments: nothing is collected yet."""
    if given_options(config, kinds_of(config)):
        return True
    if config.option.pyargs and "pytest_vfork.conformance" in config.args:
        return True
    paths = [_real(config.invocation_params.dir / argument.partition("::")[0]) for argument in config.args]
    return any(path.suffix == ".j2" or path.is_relative_to(root) for path in paths for root in roots_of(config))


def _real(path: Path) -> Path:
    """Follow all links; a link that leads to itself is none of ours (Path.resolve raises RuntimeError)."""
    return Path(os.path.realpath(path))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take the templates of cases and workloads: in the folders that we know, and wherever the user points."""
    if file_path.suffix != ".j2":
        return None
    config, path = parent.config, _real(file_path)
    roots = roots_of(config)
    is_pointed_at = config.args_source is not config.ArgsSource.INVOCATION_DIR
    is_known = any(path.is_relative_to(root) for root in roots)
    is_named = parent.session.isinitpath(file_path)
    if (is_known or is_pointed_at) and places.is_template(path, roots, is_named=is_named):
        return template_file(parent, file_path)
    return None


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take `--pyargs pytest_vfork.conformance` for the whole suite."""
    if path != _SUITE or not parent.session.isinitpath(path):
        return None
    suite: Folder = Folder.from_parent(parent, path=path, roots=roots_of(parent.config))
    return suite


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hang the result on the report, which carries it to the controller; let a skip cite the template.

    As text, for to execnet some integers and strings are errors.
    """
    report = yield
    if isinstance(item, TemplateItem):
        if call.when == "call" and item.result:
            report.vfork_result = json.dumps(item.result.to_json())  # type: ignore[attr-defined]
        if call.when == "setup" and item.is_refused:
            report.vfork_refused = True  # type: ignore[attr-defined]
            report.vfork_mistaken = is_mistaken(item.config)  # type: ignore[attr-defined]
        if report.skipped and isinstance(report.longrepr, tuple):
            report.longrepr = (str(item.path), item.line, report.longrepr[2])
    return report
