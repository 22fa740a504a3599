"""Strict JSON: bytes in, a tree out in which objects keep all their names. What readers may differ on is refused.

Go's encoding/json accepts exactly JSON's grammar (Go 1.24, src/encoding/json/scanner.go), but puts U+FFFD for what is
no Unicode, goes 10000 levels deep and leaves alone what follows the document. None of that is let through here.
"""

import json
import re
from typing import NoReturn, TypeAlias, cast

from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import load_plain
from portero.decide.values.refusals import Refused

# Names are compared as Go folds them (src/encoding/json/fold.go). Docker's names are ASCII, so that of all other
# letters only the two that fold to an ASCII letter can match: U+017F (long s) and U+212A (the Kelvin sign).
_FOLDED = str.maketrans("abcdefghijklmnopqrstuvwxyz\u017f\u212a", "ABCDEFGHIJKLMNOPQRSTUVWXYZSK")


def fold(name: str) -> str:
    """Equal for two names exactly when Go takes both for the same field of Docker's."""
    return name.translate(_FOLDED)


def fold_case(word: str) -> str:
    """Upper case and back, since a dotless i and a long s become plain letters when Go's strings.ToUpper meets them."""
    return word.upper().lower()


# Docker's types nest about 10 levels deep.
MAX_DEPTH = 64
# The largest integer of any of Docker's types, an uint64, has 20 digits.
_MAX_DIGITS = 20
_LONG = 1 << 15

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
# Python's str.strip and str.isspace know more kinds of white space than JSON.
_WHITESPACE = " \t\n\r"
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


class Pairs(tuple[tuple[str, "Tree"], ...]):
    """A JSON object as it was written: its names in order, duplicates kept."""

    __slots__ = ()

    def items(self) -> "Pairs":
        return self


Tree: TypeAlias = "bool | int | float | str | list[Tree] | dict[str, Tree] | Pairs | None"
OBJECT = (dict, Pairs)


def read_tree(data: bytes) -> Tree:
    """The same document as parse_json, its objects as dicts where no name stands twice and all is written plainly."""
    plain = None if _may_be_deep(data) else load_plain(data)
    return parse_json(data) if plain is None else cast("Tree", plain)


def parse_json(data: bytes) -> Tree:
    """The one JSON document in `data`; raises Refused with one of the body codes, without a place in the body."""
    if data.startswith(_BYTE_ORDER_MARKS):
        raise Refused("body-byte-order-mark")
    try:
        text = data.decode("utf-8").lstrip(_WHITESPACE)
        decoded: tuple[Tree, int] = _DECODER.raw_decode(text)
    except UnicodeDecodeError:
        raise Refused("body-not-utf8") from None
    except json.JSONDecodeError:
        raise Refused("body-undecodable") from None
    except RecursionError:
        raise Refused("body-too-deep") from None
    tree, end = decoded
    if text[end:].strip(_WHITESPACE):
        raise Refused("body-trailing-data")
    if _may_be_deep(data):
        _refuse_depth(tree)
    if data.find(b"\\") >= 0 and _SURROGATE_ESCAPE.search(data):
        _refuse_lone_surrogates(tree)
    return tree


def make_tree(value: JSON) -> Tree:
    """The tree of a value as if it had come as JSON. Raises Refused as parse_json does."""
    try:
        return parse_json(json.dumps(value, allow_nan=False).encode())
    except ValueError:
        raise Refused("body-number") from None
    except RecursionError:
        raise Refused("body-too-deep") from None


def _may_be_deep(data: bytes) -> bool:
    """Whether there are more than MAX_DEPTH brackets: each level has one, and some may be in strings.

    (In 1 MB with few of them, bytes.find takes a twentieth of the time of bytes.count.)
    """
    if len(data) < _LONG:
        return data.count(b"{") + data.count(b"[") > MAX_DEPTH
    count = 0
    for bracket in (b"{", b"["):
        at = data.find(bracket)
        while at >= 0:
            count += 1
            if count > MAX_DEPTH:
                return True
            at = data.find(bracket, at + 1)
    return False


def _refuse_depth(tree: Tree) -> None:
    level: list[Tree] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level if isinstance(node, list | Pairs) for child in _list_children(node)]
    if any(isinstance(node, list | Pairs) for node in level):
        raise Refused("body-too-deep")


def _refuse_lone_surrogates(tree: Tree) -> None:
    nodes: list[Tree] = [tree]
    while nodes:
        node = nodes.pop()
        nodes.extend(_list_children(node))
        if isinstance(node, Pairs):
            nodes.extend(name for name, _ in node)
        elif isinstance(node, str):
            try:
                node.encode("utf-8")
            except UnicodeEncodeError:
                raise Refused("body-not-utf8") from None


def _list_children(node: Tree) -> "list[Tree]":
    if isinstance(node, Pairs):
        return [value for _, value in node]
    return node if isinstance(node, list) else []


def _parse_integer(digits: str) -> int:
    if len(digits.removeprefix("-")) > _MAX_DIGITS:
        raise Refused("body-number")
    return int(digits)


def _parse_float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise Refused("body-number")
    return number


def _refuse_constant(name: str) -> NoReturn:
    """For NaN, Infinity and -Infinity, which Python's decoder would take."""
    raise Refused("body-undecodable")


_DECODER = json.JSONDecoder(
    object_pairs_hook=Pairs,
    parse_int=_parse_integer,
    parse_float=_parse_float,
    parse_constant=_refuse_constant,
    strict=True,
)
