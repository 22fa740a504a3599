"""Where in a JSON file a fault is: its text and a sentence in, line and column out.

The sentence begins with the place as format_path writes it, or names an unknown key of that place.
"""

import re
from json import JSONDecoder

from portero.decide.values.spelling import format_path

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = JSONDecoder()
_NAMES = re.compile(r"'([^']*)' is unknown|unknown rule '([^']*)'")
_ROOT = ""

Path = tuple[str | int, ...]


def find_position(data: bytes, sentence: str) -> str:
    """` (line 3, column 5)`, or nothing where the sentence names no place of the file, which is valid JSON."""
    try:
        text, positions = data.decode(), list[tuple[Path, int]]()
        _walk_value(text, _skip(text, 0), (), positions)
        offsets = {format_path(path): offset for path, offset in positions}
    # IndexError: there is no such file, or it holds nothing.
    except (RecursionError, IndexError):
        return ""
    prefix, at = _find_at(sentence, offsets)
    unknown = _NAMES.match(sentence.removeprefix(f"{prefix}: "))
    offset = offsets.get(f"{at}.{unknown[1] or unknown[2]}".lstrip(".")) if unknown else None
    offset = offsets[at] if offset is None and at else offset
    if offset is None:
        return ""
    return f" (line {text.count(chr(10), 0, offset) + 1}, column {offset - text.rfind(chr(10), 0, offset)})"


def _find_at(sentence: str, offsets: dict[str, int]) -> tuple[str, str]:
    """The longest beginning of a sentence that is a place, and that place; `match: properties.x` has two parts."""
    beginnings = [sentence[: match.start()] for match in re.finditer(": ", sentence)]
    for beginning in reversed(beginnings):
        for at in (beginning, beginning.replace(": ", ".")):
            if at in offsets:
                return beginning, at
    return _ROOT, _ROOT


def _walk_value(text: str, start: int, path: Path, offsets: list[tuple[Path, int]]) -> int:
    """Adds each path in a value to `offsets`, with the offset of its name or list entry; where the value ends."""
    if text[start] not in "{[":
        return _DECODER.raw_decode(text, start)[1]
    closing = "}" if text[start] == "{" else "]"
    position, number = _skip(text, start + 1), 0
    while text[position] != closing:
        step: str | int = number
        begin = position
        if closing == "}":
            step, position = _DECODER.raw_decode(text, position)
            position = _skip(text, _skip(text, position) + 1)
        offsets.append(((*path, step), begin))
        position = _skip(text, _walk_value(text, position, (*path, step), offsets))
        number += 1
        if text[position] == ",":
            position = _skip(text, position + 1)
    return position + 1


def _skip(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match else start
