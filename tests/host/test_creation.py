"""Places are plain values: equal ones count once."""

from portero.host.creation import Place


def test_equal_places_are_one() -> None:
    assert {Place("/a", True, "one"), Place("/a", True, "one"), Place("/a", False, "one")} == {
        Place("/a", True, "one"),
        Place("/a", False, "one"),
    }
