"""The values that Docker's types are made of, by the name that Go has for each: what each accepts, and its zero value.

As Go's encoding/json decodes them (src/encoding/json/decode.go, literalStore): no kind is read as another.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import partial

from portero.decide.reading.go_json import Tree
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused

_INTEGERS: Mapping[str, range] = {
    # Where Go's int has 32 bits (ARM), dockerd itself refuses what is larger.
    "int": range(-(2**63), 2**63),
    "int64": range(-(2**63), 2**63),
    "uint": range(2**64),
    "uint16": range(2**16),
    "uint32": range(2**32),
    "uint64": range(2**64),
}
# Halfway between the largest float32 and the next power of two: strconv.ParseFloat(s, 32) is out of range from here on.
_FLOAT32_OVERFLOW = float(2**128 - 2**103)

_ZEROS: Mapping[str, bool | int | float | str] = {
    **{"bool": False, "float32": 0.0, "string": "", "[]byte": ""},
    **dict.fromkeys(_INTEGERS, 0),
}

KINDS = frozenset(_ZEROS) | {"strslice"}
# The kinds that take every value of one type as it is.
PLAIN: Mapping[str, type] = {"string": str, "bool": bool}


def make_zero(kind: str) -> JSON:
    return [] if kind == "strslice" else _ZEROS[kind]


def _read_string(value: Tree) -> str:
    if not isinstance(value, str):
        raise Refused("body-wrong-type")
    return value


def _read_bool(value: Tree) -> bool:
    if not isinstance(value, bool):
        raise Refused("body-wrong-type")
    return value


def _read_integer(values: range, value: Tree) -> int:
    # Go refuses 1.0 and 1e3 for an integer; Python's decoder makes a float of both.
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused("body-wrong-type")
    if value not in values:
        raise Refused("body-number")
    return value


def _read_float32(value: Tree) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise Refused("body-wrong-type")
    if abs(value) >= _FLOAT32_OVERFLOW:
        raise Refused("body-number")
    return value


def _read_base64(value: Tree) -> str:
    """Go takes a list of numbers for []byte as well; no client sends one, so it is refused as the wrong type."""
    try:
        # base64.StdEncoding skips line ends, wants the padding and does not mind stray bits before it.
        base64.b64decode(_read_string(value).replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("body-wrong-type") from None
    return _read_string(value)


def _read_strings(value: Tree) -> list[JSON]:
    """A list of strings, or one string (moby api/types/strslice/strslice.go)."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise Refused("body-wrong-type")
    return ["" if item is None else _read_item(item, index) for index, item in enumerate(value)]


def _read_item(item: Tree, index: int) -> str:
    if not isinstance(item, str):
        raise Refused("body-wrong-type", f"[{index}]")
    return item


# By kind. Each raises Refused with body-wrong-type or body-number, and with the position inside a list.
READERS: Mapping[str, Callable[[Tree], JSON]] = {
    "bool": _read_bool,
    "float32": _read_float32,
    "string": _read_string,
    "[]byte": _read_base64,
    "strslice": _read_strings,
    **{kind: partial(_read_integer, values) for kind, values in _INTEGERS.items()},
}
