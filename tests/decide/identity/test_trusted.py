"""Names of users and groups are one line of plain text."""

import pytest

from portero.decide.identity.trusted import is_name


@pytest.mark.parametrize("name", ["alicia", "Alicia Pérez", "repo:acme/shop:ref:refs/heads/main", "x" * 128])
def test_a_line_of_text_is_a_name(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", " ", " a", "a ", "a\nb", "a\0", "a\u2028b", "a\u202eb", "\ud800", "x" * 129, 7, None]
)
def test_anything_else_is_none(name: object) -> None:
    assert not is_name(name)
