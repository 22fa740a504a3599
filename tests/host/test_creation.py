"""Places are plain values: equal ones count once."""

from portero.host.creation import MadePlace


def test_equal_places_are_one() -> None:
    assert {MadePlace("/a", True, "one"), MadePlace("/a", True, "one"), MadePlace("/a", False, "one")} == {
        MadePlace("/a", True, "one"),
        MadePlace("/a", False, "one"),
    }
