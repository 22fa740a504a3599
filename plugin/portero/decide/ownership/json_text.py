"""A JSON text that is changed where it stands: places of its objects in, edits out. Nothing else of it changes.

Names are compared as Go folds them. A text on which readers can differ is refused (Unclear).
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from portero.decide.reading.go_json import fold, parse_json
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused

# What a body of 2 MiB can have and be read in a moment: texts, values beside them, and members of objects that are
# looked at.
_MAX_QUOTES, _MAX_VALUES, _MAX_MEMBERS = 80_000, 20_000, 8_192
# One letter beyond Latin ones makes all of a text take two or four bytes each, as long as it is held.
_MAX_SIZE = (2 << 20) + 1024
_DECODER, _SPACE = json.JSONDecoder(), re.compile(r"[ \t\n\r]*")


class Unclear(ValueError):
    """The text is not what it seems, or has another shape."""


class TextEdit(NamedTuple):
    """What stands between two places becomes `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Place:
    """An object in a text: where it begins, and where the value of each member begins and ends.

    `counted`: how many members were read in the whole text.
    """

    body: str
    start: int
    members: Mapping[str, tuple[int, int]]
    counted: list[None]

    def value(self, name: str) -> JSON:
        """None: missing, or null."""
        place = self.members.get(fold(name))
        return None if place is None else _DECODER.raw_decode(self.body, place[0])[0]

    def child(self, name: str, key: Callable[[str], str] = fold) -> "Place | None":
        """None: missing, or null."""
        place = self.members.get(fold(name))
        return None if place is None else _read_object(self.body, place[0], key, self.counted)

    def entries(self, name: str) -> list["Place"]:
        """The objects in an array."""
        place = self.members.get(fold(name))
        if place is None or self.body.startswith("null", place[0]):
            return []
        found, at = list[Place](), _enter(self.body, place[0], "[")
        while self.body[at] != "]":
            if (entry := _read_object(self.body, at, fold, self.counted)) is None:
                raise Unclear
            found.append(entry)
            at = _pass_comma(self.body, _DECODER.raw_decode(self.body, at)[1])
        return found

    def add(self, name: str, value: JSON) -> TextEdit:
        """Give it a member that it has not, or that is null."""
        place = self.members.get(fold(name))
        return TextEdit(*place, json.dumps(value)) if place else self.add_exactly(name, value)

    def add_exactly(self, name: str, value: JSON) -> TextEdit:
        comma = "," if self.members else ""
        return TextEdit(self.start + 1, self.start + 1, f"{json.dumps(name)}:{json.dumps(value)}{comma}")


def read_text(data: bytes) -> Place:
    """The object that is the whole text; raises Unclear."""
    if data.count(b'"') > _MAX_QUOTES or _count_values(data) > _MAX_VALUES:
        raise Unclear
    try:
        parse_json(data)
        body = data.decode()
        if body.__sizeof__() > _MAX_SIZE:
            raise Unclear
        top = _read_object(body, _skip(body, 0), fold, [])
    except Refused as refused:
        raise Unclear from refused
    if top is None:
        raise Unclear
    return top


def _count_values(data: bytes) -> int:
    """Some more than there are, at the speed of bytes: what is in no text stands between pairs of quotes."""
    plain = b"".join(data.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    return plain.count(b",") + plain.count(b"[") + plain.count(b"{")


def write_text(top: Place, edits: Iterable[TextEdit]) -> bytes:
    pieces, at = list[str](), 0
    for edit in sorted(edits):
        pieces += top.body[at : edit.start], edit.new
        at = edit.end
    return "".join((*pieces, top.body[at:])).encode()


def _read_object(body: str, start: int, key: Callable[[str], str], counted: list[None]) -> Place | None:
    if body.startswith("null", start):
        return None
    members, at = dict[str, tuple[int, int]](), _enter(body, start, "{")
    while body[at] != "}":
        name, at = _DECODER.raw_decode(body, at)
        value = _skip(body, _skip(body, at) + 1)
        end = _DECODER.raw_decode(body, value)[1]
        counted.append(None)
        if key(name) in members or len(counted) > _MAX_MEMBERS:
            raise Unclear
        members[key(name)] = value, end
        at = _pass_comma(body, end)
    return Place(body, start, members, counted)


def _enter(body: str, at: int, bracket: str) -> int:
    if body[at] != bracket:
        raise Unclear
    return _skip(body, at + 1)


def _pass_comma(body: str, at: int) -> int:
    at = _skip(body, at)
    return _skip(body, at + 1) if body[at] == "," else at


def _skip(body: str, at: int) -> int:
    """Past white space."""
    match = _SPACE.match(body, at)
    return at if match is None else match.end()
