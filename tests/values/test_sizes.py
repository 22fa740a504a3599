"""Sizes in a site's values, as Docker's --memory reads them."""

import pytest

from portero.values.sizes import parse_size


@pytest.mark.parametrize(
    ("size", "expected"), [("512m", 512 << 20), ("10g", 10 << 30), ("1k", 1024), ("7b", 7), ("4096", 4096), (64, 64)]
)
def test_units_count_in_steps_of_1024(size: str | int, expected: int) -> None:
    assert parse_size(size) == expected


@pytest.mark.parametrize("size", ["m", "1.5g", "12q"])
def test_what_is_no_size_is_an_error(size: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_size(size)
