"""JSON objects of tokens and key sets are read strictly."""

import pytest

from portero.identity.json_object import parse_object


def test_an_object_in_bytes_is_read() -> None:
    assert parse_object(b'{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("data", [b"[]", b"\xff", b'{"a": NaN}', b'{"a": 1, "a": 1}', b"{} {}", b""])
def test_what_is_no_strict_object_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|utf-8|duplicate|Expecting|Extra"):
        parse_object(data)
