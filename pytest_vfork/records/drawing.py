# SPDX-License-Identifier: MIT
"""A timeline as text, for 80 columns: a column for each task, a line for each event, time runs down."""

from __future__ import annotations

from collections.abc import Iterator

from .timeline import Row, Timeline

_COLUMNS, _MARGIN, _LANES_WIDE = 77, 3, 40


class _Glyphs:
    """What is drawn with; plain ASCII where the terminal has nothing else."""

    def __init__(self, is_ascii: bool) -> None:
        self.line, self.span = ("|", "#") if is_ascii else ("│", "║")
        self.marks = dict(
            zip(
                ("event", "return", "release", "exec", "end", "signal", "silence", "life"),
                "*@v>x!o*" if is_ascii else "●◉▼▶■◆○●",
                strict=True,
            )
        )
        self.late, self.between, self.early = ("`--", "|  ", ",->") if is_ascii else ("╰──", "│  ", "╭─▶")
        self.more = "..." if is_ascii else "┄"


def draw(drawn: Timeline, *, is_ascii: bool = False) -> list[str]:
    """Return the lines of a timeline; an order that broke is an arrow at the left that points up, against time."""
    glyphs = _Glyphs(is_ascii)
    width = max(6, min(10, _LANES_WIDE // max(1, len(drawn.lanes))))
    extents = [_extent(drawn, lane) for lane in range(len(drawn.lanes))]
    lines = [_header([lane.label for lane in drawn.lanes], width)]
    lines.append(_header([str(lane.tid or "") for lane in drawn.lanes], width))
    for number, row in enumerate(drawn.rows):
        cells = []
        for lane in range(len(drawn.lanes)):
            in_span = any(span.lane == lane and span.start < number < span.end for span in drawn.spans)
            alive = extents[lane][0] <= number <= extents[lane][1]
            glyph = glyphs.marks[row.mark] if lane == row.lane else glyphs.span if in_span else glyphs.line
            cells.append((glyph if alive or lane == row.lane else " ").center(width))
        label = f"{row.name}{_value(row, drawn.broken is None and number in drawn.cited)}"
        left = _left(number, drawn, glyphs)
        lines += _wrap(left + "".join(cells), label, _note(number, drawn))
        if number == drawn.left_out_after:
            lines.append(f"{' ' * _MARGIN} {glyphs.more} {drawn.left_out} events more {glyphs.more}")
    return [line.rstrip() for line in lines]


def _extent(drawn: Timeline, number: int) -> tuple[int, int]:
    """Return the rows between which a lane is there: an image from its first event, others from the top."""
    label = drawn.lanes[number].label
    own = [n for n, row in enumerate(drawn.rows) if number in (row.lane, row.writer)]
    ends = [n for n in own if drawn.rows[n].mark == "end" and drawn.rows[n].name.endswith(".ended")]
    first = own[0] if own and label.startswith("image") else 0
    return first, ends[-1] if ends and not label.startswith("referee") else len(drawn.rows)


def _header(labels: list[str], width: int) -> str:
    return " " * _MARGIN + "".join(label[: width - 1].center(width) for label in labels)


def _value(row: Row, is_cited: bool) -> str:
    if row.means:
        return f"  {row.means}"
    return f"  {row.value}" if row.value or is_cited else ""


def _left(number: int, drawn: Timeline, glyphs: _Glyphs) -> str:
    first, then = drawn.broken or (None, None)
    if first is None or then is None or not then <= number <= first:
        return " " * _MARGIN
    return glyphs.early if number == then else glyphs.late if number == first else glyphs.between


def _note(number: int, drawn: Timeline) -> str:
    if drawn.broken is None:
        return "<- broke" if number in drawn.cited else ""
    first, then = drawn.broken
    if number == then:
        return "<- too early" if first is not None else "<- came alone"
    return "<- must come first" if number == first and then is not None else ""


def _wrap(drawing: str, label: str, note: str) -> Iterator[str]:
    """Keep to the width: a note that does not fit goes below the label, a label that does not fit is cut."""
    room = _COLUMNS - len(drawing) - 1
    label = label if len(label) <= room else label[: room - 3] + "..."
    if not note or len(label) + 2 + len(note) <= room:
        yield f"{drawing} {label}{'  ' + note if note else ''}"
    else:
        yield f"{drawing} {label}"
        yield f"{' ' * len(drawing)}   {note}"
