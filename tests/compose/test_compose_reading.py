"""Which files are read by Compose."""

import pytest

from portero.compose.project import is_compose


@pytest.mark.parametrize(
    ("name", "expected"), [("compose.yaml", True), ("a/b.yml", True), ("x.json", False), ("-", False)]
)
def test_a_compose_file_is_known_by_its_name(name: str, expected: bool) -> None:
    assert is_compose(name) is expected
