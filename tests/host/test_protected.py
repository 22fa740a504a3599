"""Which protected places a folder holds."""

from hypothesis import given
from hypothesis import strategies as st

from portero.host.path import is_within
from portero.host.protected import Guarded, Inside

PATHS = st.lists(st.sampled_from(["a", "ab", "b\n", "a\n/b"]), max_size=3).map(lambda parts: "/" + "/".join(parts))


@given(st.dictionaries(PATHS, PATHS, max_size=3), st.lists(PATHS, min_size=1, max_size=2))
def test_the_quick_look_at_what_is_guarded_overlooks_nothing(places: dict[str, str], folders: list[str]) -> None:
    below = {
        real
        for name, real in places.items()
        if any(is_within(path, folder) for path in (name, real) for folder in folders)
    }

    assert Guarded(places).held(*folders) == below


def test_what_is_inside_is_found_and_what_begins_alike_is_not() -> None:
    own = Inside(["/opt/portero", "/etc/portero/site.json"])

    assert own.find("/opt/portero") == {"/opt/portero"}
    assert own.find("/opt/portero/bin") == {"/opt/portero/bin"}
    assert own.find("/opt/portero2") == own.find("/opt") == set()
    assert Inside(["/"]).find("/srv") == {"/srv"}
    assert Inside([]).find("/srv") == set()
