# SPDX-License-Identifier: MIT
"""What is collected: a template is a collector; each call and variant of a case is an item, and so is a workload."""

from __future__ import annotations

import functools
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ..model import Case, Level, Outcome, Verdict, Workload, item_name
from ..model.result import Result
from ..templates import places
from .once import options_of, session_of
from .options import rerun_flags

RUN = "run"  # the name of a workload's item
UNREADABLE = "template"  # the name of the item that says what is wrong with a template
_CITED = re.compile(r".*?:(?P<line>\d+): ")


class Folder(pytest.Directory):
    """Folders of templates as one: the whole suite, and what the user has of his own."""

    def __init__(self, *, roots: Sequence[Path], **more: Any) -> None:
        super().__init__(**more)
        self._roots = roots

    def collect(self) -> Iterator[pytest.Collector]:
        """Return every template."""
        return (template_file(self, path) for root in self._roots for path in places.templates(root))


def template_file(parent: pytest.Collector, path: Path) -> TemplateFile:
    """Make the collector of a template; where pytest names none, its node id is the way from the root directory."""
    root = parent.config.rootpath
    outside: dict[str, Any] = {} if path.is_relative_to(root) else {"nodeid": os.path.relpath(path, root)}
    file: TemplateFile = TemplateFile.from_parent(parent, path=path, **outside)
    return file


class TemplateFile(pytest.File):
    """One template."""

    def collect(self) -> Iterable[pytest.Item]:
        """Return its items; of what cannot be read, one that says why."""
        from ..templates import frontmatter

        try:
            subject = frontmatter.read(self.path)
        except frontmatter.FrontMatterError as error:
            yield UnreadableItem.from_parent(self, name=UNREADABLE, why=str(error))
            return
        wanted = options_of(self.config).calls
        for name, call, variant in names_of(subject):
            if not call or call in wanted:
                yield SubjectItem.from_parent(self, name=name, subject=subject, call=call, variant=variant)


def names_of(subject: Case | Workload) -> Iterator[tuple[str, str, str]]:
    """Return the names of the items of a case or workload, each with its call and variant."""
    if isinstance(subject, Workload):
        yield RUN, "", ""
        return
    for call, variant in subject.items:
        yield item_name(call, "", variant), call, variant


class DeviationError(Exception):
    """An item did not come out as it should; the message is what a person reads."""


class TemplateItem(pytest.Item):
    """Something that runs, is judged, and comes out as pytest has it. Its `full_name` is its name in every report."""

    def __init__(self, *, full_name: str, level: Level | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.full_name = full_name
        self.result: Result | None = None
        self.is_refused = False  # nothing could be booted that it could run under
        self.line = 1  # of the template, to cite
        # the whole name, so that `-k '[suspension/a-case:clone3]'` selects one item and no other
        self.extra_keyword_matches.add(f"[{full_name}]")
        self.own_markers += [_mark("vfork"), _mark("vfork_area", area=full_name.partition("/")[0])]
        if level is not None:
            self.own_markers.append(_mark("vfork_level", level=level.word))

    def judge(self) -> Result:
        """Run it and judge what was seen."""
        raise NotImplementedError

    def runtest(self) -> None:
        """Run it, and turn the result into an outcome of pytest."""
        self.result = result = self.judge()
        outcome, why = result.verdict.outcome, result.verdict.why
        verdict = result.verdict
        told = {"outcome": outcome.value, "expected": verdict.expected, "seen": verdict.seen, "link": result.link}
        self.user_properties.extend((key, value) for key, value in told.items() if value)
        claim = options_of(self.config).claim
        if outcome is Outcome.UNSUPPORTED:
            pytest.skip(why)
        if outcome is Outcome.XFAIL:
            pytest.xfail(f"{why} ({result.link})")
        if outcome is Outcome.FAIL and result.level > claim:
            pytest.xfail(f"level {result.level.word}, above the claim {claim.word}: {why}")
        if outcome is not Outcome.PASS:
            from ..reporters._failure import explain

            raise DeviationError(explain(result, rerun_command(self)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *more: Any, **named: Any) -> Any:
        """Return what a person reads, with what broke as the one line for summaries."""
        if isinstance(excinfo.value, pytest.xfail.Exception):
            return excinfo.getrepr(style="value")  # a traceback through pytest and us would cost 0.1 s to read
        if self.result is None or not isinstance(excinfo.value, DeviationError):
            return super().repr_failure(excinfo, *more, **named)
        from ..reporters._failure import headline

        shown = excinfo.getrepr(style="value")
        if shown.reprcrash:
            shown.reprcrash.path, shown.reprcrash.lineno = str(self.path), self.line
            shown.reprcrash.message = headline(self.result)
        if self.config.option.tbstyle == "line":
            shown.reprtraceback.reprentries = []  # the line for summaries is all that was asked for
        return shown

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return template, line (from 0) and name."""
        return self.path, self.line - 1, self.full_name


class SubjectItem(TemplateItem):
    """A case with one call, in one variant, or a workload."""

    def __init__(self, *, subject: Case | Workload, call: str, variant: str, **more: Any) -> None:
        name = item_name(subject.id, call, variant)
        super().__init__(full_name=name, level=subject.level, **more)
        self._subject, self._call, self._variant = subject, call, variant
        properties = {"id": subject.id, "level": subject.level.word, "call": call, "variant": variant}
        options = options_of(self.config)
        properties["mode"] = options.mode.value if options.interposer.modes else ""
        self.user_properties.extend((key, value) for key, value in properties.items() if value)

    def setup(self) -> None:
        """Boot the interposer, if no item before this one has. If it cannot be, that is said once, and the run ends."""
        try:
            session_of(self.config)
        except pytest.fail.Exception as error:
            self.is_refused = True
            if all(isinstance(item, TemplateItem) for item in self.session.items):
                self.session.shouldfail = str(error)
            raise

    def judge(self) -> Result:
        """Run it and judge what was seen."""
        session = session_of(self.config)
        if isinstance(self._subject, Workload):
            return session.check_workload(self._subject)
        return session.check_case(self._subject, self._call, self._variant)


class UnreadableItem(TemplateItem):
    """A template whose front matter is wrong: broken, and it keeps no other from running."""

    def __init__(self, *, why: str, **more: Any) -> None:
        super().__init__(full_name=places.id_of(more["parent"].path), **more)
        self._why = why
        cited = _CITED.match(why)
        self.line = int(cited["line"]) if cited else 1

    def judge(self) -> Result:
        """Say what is wrong. What level it is of, nobody knows: without it, none is reached."""
        verdict = Verdict(Outcome.BROKEN, self._why)
        return Result(self.full_name, "", Level.POSIX, "", "", str(self.path), None, verdict)


def rerun_command(item: TemplateItem) -> str:
    """Return the command that runs this item alone, from where this run was started."""
    config = item.config
    here = config.invocation_params.dir
    if item.path.is_relative_to(config.rootpath) or not _is_ours(item.path):
        path = item.path.relative_to(here) if item.path.is_relative_to(here) else item.path
        target = shlex.quote(f"{path}::{item.name}")
    else:
        target = f"--pyargs pytest_vfork.conformance -k {shlex.quote(f'[{item.full_name}]')}"
    return " ".join(filter(None, ("pytest", rerun_flags(options_of(config)), target)))


def _is_ours(path: Path) -> bool:
    return any(path.is_relative_to(root) for root in places.ours())


@functools.cache
def _mark(name: str, **values: str) -> pytest.Mark:
    mark: pytest.Mark = getattr(pytest.mark, _Unseen(name))(**values).mark
    return mark


class _Unseen(str):
    """The name of a mark, seen by -m and not by -k: `-k vfork` means what is called so, and every item is marked so."""

    def lower(self) -> str:
        return ""
