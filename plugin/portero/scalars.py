"""The values that Docker's types are made of, by the name that Go has for each: what each accepts, and its zero value.

As Go's encoding/json decodes them (src/encoding/json/decode.go, literalStore): no kind takes the place of another.
"""

import base64
import binascii
from collections.abc import Mapping
from types import MappingProxyType

from portero.gojson import Tree
from portero.refusals import Refused
from portero.types import JSON

_INTEGERS: Mapping[str, range] = MappingProxyType(
    {
        # Where Go's int has 32 bits (ARM), dockerd itself refuses what is larger.
        "int": range(-(2**63), 2**63),
        "int64": range(-(2**63), 2**63),
        "uint": range(2**64),
        "uint16": range(2**16),
        "uint32": range(2**32),
        "uint64": range(2**64),
    }
)
# Halfway between the largest float32 and the next power of two: strconv.ParseFloat(s, 32) is out of range from here on.
_FLOAT32_OVERFLOW = float(2**128 - 2**103)

_ZEROS: Mapping[str, bool | int | float | str] = MappingProxyType(
    {"bool": False, "float32": 0.0, "string": "", "[]byte": "", **dict.fromkeys(_INTEGERS, 0)}
)

KINDS = frozenset(_ZEROS) | {"strslice"}


def zero(kind: str) -> JSON:
    return [] if kind == "strslice" else _ZEROS[kind]


def read(kind: str, value: Tree, place: str) -> JSON:
    """`value` as a scalar of `kind` (one of KINDS); raises Refused with body-wrong-type or body-number at `place`."""
    match kind:
        case "string" if isinstance(value, str):
            return value
        case "bool" if isinstance(value, bool):
            return value
        case "float32" if isinstance(value, int | float) and not isinstance(value, bool):
            return _float32(value, place)
        case "[]byte" if isinstance(value, str):
            return _base64(value, place)
        case "strslice":
            return _strings(value, place)
        # Go refuses 1.0 and 1e3 for an integer; Python's decoder makes a float of both.
        case _ if kind in _INTEGERS and isinstance(value, int) and not isinstance(value, bool):
            return _integer(kind, value, place)
        case _:
            raise Refused("body-wrong-type", place)


def _integer(kind: str, value: int, place: str) -> int:
    if value not in _INTEGERS[kind]:
        raise Refused("body-number", place)
    return value


def _float32(value: float, place: str) -> float:
    if abs(value) >= _FLOAT32_OVERFLOW:
        raise Refused("body-number", place)
    return value


def _base64(value: str, place: str) -> str:
    """Go takes a list of numbers for []byte as well; no client sends one, so it is refused as the wrong type."""
    try:
        # base64.StdEncoding skips line ends, wants the padding and does not mind stray bits before it.
        base64.b64decode(value.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("body-wrong-type", place) from None
    return value


def _strings(value: Tree, place: str) -> list[JSON]:
    """A list of strings, or one string (moby api/types/strslice/strslice.go)."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise Refused("body-wrong-type", place)
    return ["" if item is None else read("string", item, f"{place}[{index}]") for index, item in enumerate(value)]
