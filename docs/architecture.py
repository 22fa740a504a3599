"""Draws docs/architecture.svg and the map of the code from docs/architecture.txt: levels of groups, top level first.

A line of the text is `name`, `guard` (what runs for dockerd) or `tool`, the group's turn in the way of a request
(a number, or nothing), and what the group does.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

TEXT = Path(__file__).parent / "architecture.txt"
_LEVEL = re.compile(r"level (\d+)")
_GROUP = re.compile(r"  (\w+)\s+(guard|tool)\s+(?:(\d+)\s+)?(\S.*)")

_LEFT, _TOP = 76, 64
_WIDTH, _HEIGHT = 190, 70
_ACROSS, _DOWN = _WIDTH + 16, _HEIGHT + 28
_LETTERS = 28
SVG_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" '
    'font-family="sans-serif" font-size="11" fill="#222">\n<rect width="{0}" height="{1}" fill="#fff"/>\n'
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8z" fill="#0b62a4"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class Group:
    """One box: `turn` counts from 1 in the way of a request, None off that way; `column` counts from 0."""

    name: str
    level: int
    column: int
    is_tool: bool
    turn: int | None
    about: str


def groups(text: str) -> list[Group]:
    """The groups in the order of the text; raises ValueError for a line that is neither level, group nor comment."""
    found: list[Group] = []
    level = column = 0
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if heading := _LEVEL.fullmatch(line):
            level, column = int(heading[1]), 0
        elif group := _GROUP.fullmatch(line):
            turn = int(group[3]) if group[3] else None
            found.append(Group(group[1], level, column, group[2] == "tool", turn, group[4]))
            column += 1
        else:
            raise ValueError(f"architecture.txt: not a level and not a group: {line!r}")
    return found


def code_map(found: Sequence[Group]) -> str:
    """The two maps of the code, the guard's and the tools': tables, one row a group."""
    tables = []
    for is_tool, title in ((False, "The guard, which runs for dockerd:"), (True, "The tools; the guard imports none:")):
        rows = [
            f"| {group.level} | `{group.name}` | {group.turn or ''} | {group.about} |"
            for group in found
            if group.is_tool == is_tool
        ]
        head = [title, "", "| level | group | turn | what it does |", "| --- | --- | --- | --- |"]
        tables.append("\n".join([*head, *rows]) + "\n")
    return "\n".join(tables)


def svg(found: Sequence[Group]) -> str:
    """The picture: a row of boxes for each level, and the way of a request through them."""
    top = max(group.level for group in found)
    columns = 1 + max(group.column for group in found)
    width, height = _LEFT + columns * _ACROSS, _TOP + (top + 1) * _DOWN
    way = sorted((group for group in found if group.turn), key=lambda group: group.turn or 0)
    parts = [
        SVG_HEAD.format(width, height),
        draw_text(16, 26, "The groups of plugin/portero", size=16, weight="bold"),
        draw_text(
            16,
            46,
            f"Imports go to lower levels only. Blue: the way of a request, 1 to {len(way)}. Dashed: a tool.",
        ),
        *[_band(level, _TOP + (top - level) * _DOWN, width) for level in range(top, -1, -1)],
        *[part for group in found for part in _box(group, *_corner(group, top))],
        *[_arrow(start, end, top) for start, end in pairwise(way)],
    ]
    return "\n".join([*parts, "</svg>", ""])


def _corner(group: Group, top: int) -> tuple[int, int]:
    return _LEFT + group.column * _ACROSS, _TOP + (top - group.level) * _DOWN + 8


def _band(level: int, y: int, width: int) -> str:
    fill = "#f6f6f6" if level % 2 else "#fff"
    return f'<rect x="0" y="{y - 6}" width="{width}" height="{_DOWN}" fill="{fill}"/>' + draw_text(
        16, y + 47, f"level {level}", colour="#777"
    )


def _box(group: Group, x: int, y: int) -> Iterator[str]:
    border, fill = ("#0b62a4", "#e8f2fa") if group.turn else ("#999", "#fff")
    dash = ' stroke-dasharray="4 3"' if group.is_tool else ""
    yield f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" fill="{fill}" stroke="{border}"{dash}/>'
    yield draw_text(x + 10, y + 18, group.name, size=13, weight="bold")
    if group.turn:
        yield f'<circle cx="{x + _WIDTH - 14}" cy="{y + 14}" r="9" fill="#0b62a4"/>'
        yield draw_text(x + _WIDTH - 14, y + 18, str(group.turn), anchor="middle", weight="bold", colour="#fff")
    for number, line in enumerate(textwrap.wrap(group.about, _LETTERS)):
        yield draw_text(x + 10, y + 34 + 13 * number, line)


def _arrow(start: Group, end: Group, top: int) -> str:
    (x1, y1), (x2, y2) = _corner(start, top), _corner(end, top)
    if start.level == end.level:
        line = f"M{x1 + _WIDTH} {y1 + _HEIGHT / 2} H{x2 - 1}"
    elif abs(start.level - end.level) > 1:  # beside the boxes in between
        line = f"M{x1} {y1 + _HEIGHT / 2} H{x1 - 12} V{y2 + _HEIGHT / 2} H{x2 - 1}"
    elif start.level > end.level:
        line = f"M{x1 + _WIDTH / 2} {y1 + _HEIGHT} L{x2 + _WIDTH / 2} {y2 - 1}"
    else:
        line = f"M{x1 + _WIDTH / 2} {y1} L{x2 + _WIDTH / 2} {y2 + _HEIGHT + 1}"
    return f'<path d="{line}" fill="none" stroke="#0b62a4" stroke-width="2" marker-end="url(#tip)"/>'


def draw_text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 11,
    anchor: str = "start",
    weight: str = "normal",
    colour: str = "#222",
) -> str:
    """A line of text."""
    style = f'font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" fill="{colour}"'
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'
