"""A path opens what lies at it or below it, and what it lies in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.host.path import is_within
from portero.host.surroundings import Surroundings

LINKS = {"/opt/a": "/srv/a"}


@pytest.mark.parametrize(
    ("path", "opened"),
    [
        ("/", ("/opt/a", "/srv/a", "/srv/b")),
        ("/srv", ("/srv/a", "/srv/b")),
        ("/opt/a", ("/opt/a",)),
        ("/srv/a/x", ("/srv/a",)),
        ("/srv/ab", ()),
    ],
)
def test_a_path_opens_what_is_around_it(path: str, opened: tuple[str, ...]) -> None:
    assert Surroundings(["/opt/a", "/srv/b"], lambda name: LINKS.get(name, name)).find(path) == opened


def test_what_lies_inside_may_not_count() -> None:
    logs = Surroundings(["/var/log/portero"], str, inside=False)

    assert (logs.find("/var/log"), logs.find("/var/log/portero/x")) == (("/var/log/portero",), ())


def test_several_paths_open_what_each_opens() -> None:
    assert Surroundings(["/a", "/b", "/c"], str).find("/a", "/b/x") == ("/a", "/b")


PATHS = st.lists(st.sampled_from(["a", "ab", "b\n", "a\n/b"]), max_size=3).map(lambda parts: "/" + "/".join(parts))


@given(st.dictionaries(PATHS, PATHS, max_size=3), st.lists(PATHS, min_size=1, max_size=2), st.booleans())
def test_the_quick_look_overlooks_nothing(links: dict[str, str], paths: list[str], inside: bool) -> None:
    opened = {
        place
        for pair in links.items()
        for place in pair
        for path in paths
        if is_within(place, path) or (inside and is_within(path, place))
    }

    assert Surroundings(links, links.__getitem__, inside=inside).find(*paths) == tuple(sorted(opened))
