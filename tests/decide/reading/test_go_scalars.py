from typing import Any

import pytest

from portero.decide.reading import go_scalars
from portero.decide.reading.go_json import Pairs, Tree
from tests.refusing import find_refusal

_FLOAT32_MAX = 3.4028234663852886e38

# Those that are read as they are.
_SAME: dict[str, list[Tree]] = {
    "string": ["", "a\x00\x1b"],
    "bool": [True, False],
    "int": [-(2**63), 2**63 - 1],
    "int64": [-(2**63), 2**63 - 1],
    "uint": [0, 2**64 - 1],
    "uint16": [0, 65535],
    "uint32": [0, 2**32 - 1],
    "uint64": [0, 2**64 - 1],
    "float32": [1, -0.5, _FLOAT32_MAX],
    # The last has stray bits before the padding: Go's StdEncoding is not strict.
    "[]byte": ["", "aGk=", "aG\r\nk=", "aGl="],
}
_ACCEPTED: list[tuple[str, Tree, Any]] = [
    *((kind, value, value) for kind, values in _SAME.items() for value in values),
    ("strslice", "ALL", ["ALL"]),
    ("strslice", "", [""]),
    ("strslice", [], []),
    ("strslice", ["sh", None, "-c"], ["sh", "", "-c"]),
]
_WRONG_TYPE: dict[str, list[Tree]] = {
    "string": [1, False, ["a"], Pairs()],
    "bool": [1, 0, "true"],
    "int64": ["1", 1.0, 1e3, True],
    "uint16": [Pairs()],
    "float32": ["1", True],
    "[]byte": ["aGk", "aGk= ", "aG-_", "=aGk", "a\u00e9k=", [104, 105]],
    "strslice": [1, False, Pairs((("0", "sh"),))],
}
_TOO_LARGE: dict[str, list[Tree]] = {
    "int": [2**63, -(2**63) - 1],
    "int64": [2**63, -(2**63) - 1],
    "uint": [-1, 2**64],
    "uint16": [65536, -1],
    "uint32": [2**32, -1],
    "uint64": [2**64, -1],
    "float32": [float(2**128 - 2**103), -float(2**128 - 2**103), 3.4028236e38, -1e300],
}
_REFUSED = [
    (kind, value, code)
    for code, refused in (("body-wrong-type", _WRONG_TYPE), ("body-number", _TOO_LARGE))
    for kind, values in refused.items()
    for value in values
]


@pytest.mark.parametrize(("kind", "value", "read"), _ACCEPTED)
def test_a_value_of_its_kind_is_taken(kind: str, value: Tree, read: Any) -> None:
    assert go_scalars.READERS[kind](value) == read


@pytest.mark.parametrize(("kind", "value", "code"), _REFUSED)
def test_no_kind_takes_the_place_of_another_or_a_number_that_does_not_fit(kind: str, value: Tree, code: str) -> None:
    assert find_refusal(go_scalars.READERS[kind], value) == (code, "")


def test_an_element_of_the_wrong_type_is_named() -> None:
    assert find_refusal(go_scalars.READERS["strslice"], ["sh", 1]) == ("body-wrong-type", "[1]")


@pytest.mark.parametrize("kind", sorted(go_scalars.KINDS))
def test_the_zero_of_a_kind_is_a_value_of_it_that_counts_as_nothing(kind: str) -> None:
    zero = go_scalars.make_zero(kind)

    assert not zero
    assert isinstance(zero, bool | int | float | str | list)
    assert kind == "strslice" or go_scalars.READERS[kind](zero if not isinstance(zero, list | dict) else None) == zero
