"""Values of the failed fact in a reason."""

import pytest

from portero.policy.concrete import fill_reason

REQUEST = {"facts": {"mounts": [{"swappableBy": [{"who": "user alicia (1000)", "path": "/home/{x}"}]}]}}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("{who} can replace {path}.", "user alicia (1000) can replace /home/{x}."),
        ("{none} and {who}", "none and user alicia (1000)"),
        ("plain", "plain"),
    ],
)
def test_names_are_filled_from_the_failed_fact(reason: str, expected: str) -> None:
    assert fill_reason(reason, REQUEST, ("facts", "mounts", 0, "swappableBy", 0)) == expected


def test_elsewhere_the_names_stay() -> None:
    assert fill_reason("{who} can", {"facts": {"x": "y"}}, ("facts", "x")) == "who can"
