import pytest

from portero.reading import go_scalars
from portero.reading.go_json import Pairs, Tree
from portero.refusals import Refused
from portero.types import JSON

_FLOAT32_MAX = 3.4028234663852886e38

_ACCEPTED: list[tuple[str, Tree, JSON]] = [
    ("string", "", ""),
    ("string", "a\x00\x1b", "a\x00\x1b"),
    ("bool", True, True),
    ("bool", False, False),
    ("int", -(2**63), -(2**63)),
    ("int", 2**63 - 1, 2**63 - 1),
    ("int64", -(2**63), -(2**63)),
    ("int64", 2**63 - 1, 2**63 - 1),
    ("uint", 0, 0),
    ("uint16", 0, 0),
    ("uint32", 0, 0),
    ("uint64", 0, 0),
    ("uint", 2**64 - 1, 2**64 - 1),
    ("uint16", 65535, 65535),
    ("uint32", 2**32 - 1, 2**32 - 1),
    ("uint64", 2**64 - 1, 2**64 - 1),
    ("float32", 1, 1),
    ("float32", -0.5, -0.5),
    ("float32", _FLOAT32_MAX, _FLOAT32_MAX),
    ("[]byte", "", ""),
    ("[]byte", "aGk=", "aGk="),
    ("[]byte", "aG\r\nk=", "aG\r\nk="),
    ("[]byte", "aGl=", "aGl="),  # stray bits before the padding: Go's StdEncoding is not strict
    ("strslice", "ALL", ["ALL"]),
    ("strslice", "", [""]),
    ("strslice", [], []),
    ("strslice", ["sh", None, "-c"], ["sh", "", "-c"]),
]

_WRONG_TYPE: list[tuple[str, Tree]] = [
    ("string", 1),
    ("string", False),
    ("string", ["a"]),
    ("string", Pairs()),
    ("bool", 1),
    ("bool", 0),
    ("bool", "true"),
    ("int64", "1"),
    ("int64", 1.0),
    ("int64", 1e3),
    ("int64", True),
    ("uint16", Pairs()),
    ("float32", "1"),
    ("float32", True),
    ("[]byte", "aGk"),
    ("[]byte", "aGk= "),
    ("[]byte", "aG-_"),
    ("[]byte", "=aGk"),
    ("[]byte", "a\u00e9k="),
    ("[]byte", [104, 105]),
    ("strslice", 1),
    ("strslice", False),
    ("strslice", Pairs((("0", "sh"),))),
]

_TOO_LARGE: list[tuple[str, Tree]] = [
    ("int", 2**63),
    ("int", -(2**63) - 1),
    ("int64", 2**63),
    ("int64", -(2**63) - 1),
    ("uint", -1),
    ("uint", 2**64),
    ("uint16", 65536),
    ("uint16", -1),
    ("uint32", 2**32),
    ("uint32", -1),
    ("uint64", 2**64),
    ("uint64", -1),
    ("float32", float(2**128 - 2**103)),
    ("float32", -float(2**128 - 2**103)),
    ("float32", 3.4028236e38),
    ("float32", -1e300),
]


@pytest.mark.parametrize(("kind", "value", "read"), _ACCEPTED)
def test_a_value_of_its_kind_is_taken(kind: str, value: Tree, read: JSON) -> None:
    assert go_scalars.read(kind, value) == read


@pytest.mark.parametrize(("kind", "value"), _WRONG_TYPE)
def test_no_kind_takes_the_place_of_another(kind: str, value: Tree) -> None:
    with pytest.raises(Refused) as refused:
        go_scalars.read(kind, value)

    assert (refused.value.code, refused.value.at) == ("body-wrong-type", "")


@pytest.mark.parametrize(("kind", "value"), _TOO_LARGE)
def test_a_number_that_does_not_fit_is_refused(kind: str, value: Tree) -> None:
    with pytest.raises(Refused) as refused:
        go_scalars.read(kind, value)

    assert (refused.value.code, refused.value.at) == ("body-number", "")


def test_an_element_of_the_wrong_type_is_named() -> None:
    with pytest.raises(Refused) as refused:
        go_scalars.read("strslice", ["sh", 1])

    assert (refused.value.code, refused.value.at) == ("body-wrong-type", "[1]")


@pytest.mark.parametrize("kind", sorted(go_scalars.KINDS))
def test_the_zero_of_a_kind_is_a_value_of_it_that_counts_as_nothing(kind: str) -> None:
    zero = go_scalars.zero(kind)

    assert not zero
    assert isinstance(zero, bool | int | float | str | list)
    assert kind == "strslice" or go_scalars.read(kind, zero if not isinstance(zero, list | dict) else None) == zero
