"""JSON objects in bytes, read as Go reads them or more strictly, and JSON merge patches (RFC 7396).

And what is wrong with a text that is not JSON: the line, the column and what to write there.
"""

import json
from json import JSONDecodeError
from typing import NoReturn, TypeVar

import orjson

from portero.decide.values.json_fields import JSON
from portero.decide.values.spelling import find_twins

# Bytes; far more than any rule, site.json, key or daemon.json has. (/proc/sys answers ENOMEM to a read of 4 MiB.)
MAX_FILE_BYTES = 1 << 20


_Value = TypeVar("_Value")
_BOM = "\ufeff"
_SPACE = " \t\r\n"
# The first characters of a value and of a name: before one, only a comma or a colon can be missing.
_AFTER_COMMA = '"{[-0123456789tfn'
_CLOSING = ("}", "]")
_COMMA_TOO_MANY = "remove the comma before the bracket"
# By the character at which the fault is; what JSON has at no such place.
_CURES = {
    "\n": "close the string on its line",
    "\r": "close the string on its line",
    "\t": "a tab in a string; write \\t",
    "/": "JSON has no comments; remove it",
    "#": "JSON has no comments; remove it",
    "'": "write \" instead of '",
}
# By the beginning of what Python says.
_CURE_OF_MESSAGE = {
    "Unterminated string": "a string without its closing quote",
    "Extra data": "remove what follows the end of the document",
    "Invalid \\": "a backslash in a string; write \\\\",
}


class DuplicateName(ValueError):
    """An object has the same name twice; `name` is the first such name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__("duplicate name")


def unique_names(pairs: list[tuple[str, _Value]]) -> dict[str, _Value]:
    """An object_pairs_hook for json; raises DuplicateName."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise DuplicateName(find_twins([name for name, _ in pairs])[0])
    return document


class ConstantFound(ValueError):
    """NaN or an infinity, which JSON has not."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is not JSON")


def refuse_constant(name: str) -> NoReturn:
    """A parse_constant for json, which is called for NaN and the infinities; raises ConstantFound."""
    raise ConstantFound(name)


def load_plain(data: bytes) -> JSON:
    """The JSON value in bytes that are written as Go and most others write it, maybe with a line end; None: others.

    What gives the same bytes again is UTF-8, and has no name twice, no rounded number and no half a surrogate pair.
    """
    # Not `in`: that takes bytes for a number first, and writes an error: 3,000 instructions. One byte is found quickly.
    if data.find(b"\\") >= 0 and data.find(b"\\u") >= 0:
        return None
    try:
        value: JSON = orjson.loads(data)
        written = orjson.dumps(value)
    except (ValueError, orjson.JSONEncodeError):
        return None
    return value if written == data or (data[-1:] == b"\n" and written == data[:-1]) else None


def load_json(data: bytes | str) -> JSON:
    """The JSON value in a text; of two equal names the last counts. Raises ValueError, also for one nested too deep."""
    if isinstance(data, bytes) and (plain := load_plain(data)) is not None:
        return plain
    try:
        value: JSON = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value


def load_object(data: bytes | str) -> dict[str, JSON]:
    """The JSON object in a text, as load_json; raises ValueError for another value."""
    return _check_object(load_json(data))


def load_strict(data: bytes) -> JSON:
    """The JSON value in UTF-8 bytes, without what others read otherwise: NaN, and a name twice.

    Raises ValueError, and RecursionError.
    """
    value = load_plain(data)
    if value is None:
        value = json.loads(data.decode(), object_pairs_hook=unique_names, parse_constant=refuse_constant)
    return value


def load_strict_object(data: bytes) -> dict[str, JSON]:
    """The JSON object in UTF-8 bytes, as load_strict. Raises ValueError."""
    try:
        return _check_object(load_strict(data))
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _check_object(value: JSON) -> dict[str, JSON]:
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def apply_patch(target: JSON, patch: JSON) -> JSON:
    """The target with the patch applied: null removes a name, objects merge, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = apply_patch(result.get(name), value)
    return result


def describe_syntax(error: JSONDecodeError, first_line: int = 1) -> str:
    """`line 3, column 9: a comma is missing`, the same under each version of Python.

    `first_line`: the number of the text's first line in its file.
    """
    text = error.doc
    if not text.strip(_SPACE):
        offset, fault = 0, "it is empty"
    elif text.startswith(_BOM):
        offset, fault = 0, "a byte order mark; save it as UTF-8 without one"
    else:
        offset, fault = _find_fault(error, text.rstrip(_SPACE))
    line = text.count("\n", 0, offset) + first_line
    return f"line {line}, column {offset - text.rfind(chr(10), 0, offset)}: {fault}"


def _find_fault(error: JSONDecodeError, text: str) -> tuple[int, str]:
    before, following = text[: error.pos].rstrip(_SPACE), text[error.pos :]
    if not following:
        return len(text), "it ends too early; close what is open"
    # Python 3.13 points at the comma, older ones at the bracket after it.
    if following[0] == "," and following[1:].lstrip(_SPACE)[:1] in _CLOSING:
        return error.pos, _COMMA_TOO_MANY
    if following[0] in _CLOSING and before.endswith(","):
        return len(before) - 1, _COMMA_TOO_MANY
    if error.msg.startswith("Expecting ',' delimiter") and following[0] in _AFTER_COMMA:
        return len(before), "a comma is missing"
    return error.pos, _CURES.get(following[0]) or next(
        (cure for message, cure in _CURE_OF_MESSAGE.items() if error.msg.startswith(message)), "fix the syntax"
    )
