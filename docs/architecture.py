"""Draws docs/architecture.svg and the map of the code from docs/architecture.txt: rings of rooms, lowest first.

A ring says which others it may import. A line of a room is its floor in the ring, its name, its turn in the way of a
request (a number, or nothing), and what it does.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

TEXT = Path(__file__).parent / "architecture.txt"
_RING = re.compile(r"ring (\w+) \(([\w, ]+)\): (\S.*)")
_ROOM = re.compile(r"  (\d+)  (\w+)\s+(?:(\d+)\s+)?(\S.*)")

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
class Ring:
    """`may_import`: the other rings that its rooms import from. `row`: of its lowest floor, counted from the bottom."""

    name: str
    may_import: frozenset[str]
    about: str
    row: int


@dataclass(frozen=True, slots=True)
class Room:
    """One box: `turn` counts from 1 in the way of a request, None off that way; `column` counts from 0."""

    name: str
    ring: Ring
    floor: int
    column: int
    turn: int | None
    about: str

    @property
    def path(self) -> str:
        """Its folder or module below plugin/portero, without .py."""
        return self.name if self.name == self.ring.name else f"{self.ring.name}/{self.name}"

    @property
    def row(self) -> int:
        return self.ring.row + self.floor - 1


def rooms(text: str) -> list[Room]:
    """The rooms in the order of the text; raises ValueError for a line that is neither ring, room nor comment."""
    found: list[Room] = []
    rings: dict[str, Ring] = {}
    ring: Ring | None = None
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if heading := _RING.fullmatch(line):
            below = frozenset(heading[2].split(", ")) - {"nothing"}
            row = max((room.row + 1 for room in found if room.ring.name in below), default=0)
            ring = rings[heading[1]] = Ring(heading[1], below, heading[3], row)
        elif ring is not None and (line_of := _ROOM.fullmatch(line)):
            floor, turn = int(line_of[1]), int(line_of[3]) if line_of[3] else None
            column = sum(room.row == ring.row + floor - 1 for room in found)
            found.append(Room(line_of[2], ring, floor, column, turn, line_of[4]))
        else:
            raise ValueError(f"architecture.txt: not a ring and not a room: {line!r}")
    return found


def code_map(found: Sequence[Room]) -> str:
    """The map of the code: a table for each ring, one row a room."""
    tables = []
    for ring in reversed(dict.fromkeys(room.ring for room in found)):
        below = f"imports {', '.join(sorted(ring.may_import))}" if ring.may_import else "imports no other ring"
        head = [
            f"`{ring.name}` ({below}): {ring.about}",
            "",
            "| floor | room | turn | purpose |",
            "| --- | --- | --- | --- |",
        ]
        rows = [
            f"| {room.floor} | `{room.path}` | {room.turn or ''} | {room.about} |"
            for room in found
            if room.ring == ring
        ]
        tables.append("\n".join([*head, *rows]) + "\n")
    return "\n".join(tables)


def svg(found: Sequence[Room]) -> str:
    """The picture: a row of boxes for each floor, and the way of a request through them."""
    top = max(room.row for room in found)
    columns = 1 + max(room.column for room in found)
    width, height = _LEFT + columns * _ACROSS, _TOP + (top + 1) * _DOWN
    way = sorted((room for room in found if room.turn), key=lambda room: room.turn or 0)
    parts = [
        SVG_HEAD.format(width, height),
        draw_text(16, 26, "The rooms of plugin/portero", size=16, weight="bold"),
        draw_text(
            16,
            46,
            f"Imports go down. Blue: the way of a request, 1 to {len(way)}. Dashed: a tool.",
        ),
        *[_band(row, found, _TOP + (top - row) * _DOWN, width) for row in range(top, -1, -1)],
        *[part for room in found for part in _box(room, *_corner(room, top))],
        *[_arrow(start, end, top) for start, end in pairwise(way)],
    ]
    return "\n".join([*parts, "</svg>", ""])


def _corner(room: Room, top: int) -> tuple[int, int]:
    return _LEFT + room.column * _ACROSS, _TOP + (top - room.row) * _DOWN + 8


def _band(row: int, found: Sequence[Room], y: int, width: int) -> str:
    """A stripe for a floor; those of a ring have one colour."""
    here = list(dict.fromkeys(room.ring.name for room in found if room.row == row))
    rings = list(dict.fromkeys(room.ring.row for room in found))
    begins = max(begin for begin in rings if begin <= row)
    fill = "#f6f6f6" if sorted(rings).index(begins) % 2 else "#fff"
    return f'<rect x="0" y="{y - 6}" width="{width}" height="{_DOWN}" fill="{fill}"/>' + draw_text(
        8, y + 47, ", ".join(here), colour="#777"
    )


def _box(room: Room, x: int, y: int) -> Iterator[str]:
    border, fill = ("#0b62a4", "#e8f2fa") if room.turn else ("#999", "#fff")
    dash = ' stroke-dasharray="4 3"' if room.ring.name == "tools" else ""
    yield f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" fill="{fill}" stroke="{border}"{dash}/>'
    yield draw_text(x + 10, y + 18, room.name, size=13, weight="bold")
    if room.turn:
        yield f'<circle cx="{x + _WIDTH - 14}" cy="{y + 14}" r="9" fill="#0b62a4"/>'
        yield draw_text(x + _WIDTH - 14, y + 18, str(room.turn), anchor="middle", weight="bold", colour="#fff")
    for number, line in enumerate(textwrap.wrap(room.about, _LETTERS)):
        yield draw_text(x + 10, y + 34 + 13 * number, line)


def _arrow(start: Room, end: Room, top: int) -> str:
    (x1, y1), (x2, y2) = _corner(start, top), _corner(end, top)
    if start.row == end.row:
        line = f"M{x1 + _WIDTH} {y1 + _HEIGHT / 2} H{x2 - 1}"
    elif abs(start.row - end.row) > 1:  # beside the boxes in between
        line = f"M{x1} {y1 + _HEIGHT / 2} H{x1 - 12} V{y2 + _HEIGHT / 2} H{x2 - 1}"
    elif start.row > end.row:
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
