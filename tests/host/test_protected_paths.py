"""Which protected paths another path opens, and that the list of sensitive ones is that of the rule."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.files.path import is_within
from portero.host.protected_paths import SENSITIVE, ProtectedPaths
from tests.paths import SCHEMAS

RULE = SCHEMAS / "rules" / "mounts" / "no-sensitive-paths.json"
PATHS = st.lists(st.sampled_from(["a", "ab", "b\n", "a\n/b"]), max_size=3).map(lambda parts: "/" + "/".join(parts))


def protected(*paths: str, inside: bool = True) -> ProtectedPaths:
    return ProtectedPaths({path: path for path in paths}, inside=inside)


def test_the_rule_names_the_same_paths() -> None:
    patterns = re.findall(r'"\^/(.*?)\((.*?)\)\(\|/\.\*\)\$"', RULE.read_text(encoding="utf-8"))
    named = {f"/{folder}{name}" for folder, names in patterns for name in json.loads(f'"{names}"').split("|")}

    assert named == {path.replace(".", "\\.") for path in SENSITIVE}


@given(st.dictionaries(PATHS, PATHS, max_size=3), st.lists(PATHS, min_size=1, max_size=2))
def test_the_quick_look_at_what_a_folder_holds_overlooks_nothing(reals: dict[str, str], folders: list[str]) -> None:
    below = {
        real for name, real in reals.items() if any(is_within(path, each) for path in (name, real) for each in folders)
    }

    assert ProtectedPaths(reals).list_held(*folders) == below


def test_what_is_inside_is_found_and_what_begins_alike_is_not() -> None:
    own = protected("/opt/portero", "/etc/portero/site.json")

    assert own.surrounds("/opt/portero")
    assert own.surrounds("/opt/portero/bin")
    assert not own.surrounds("/opt/portero2")
    assert not own.surrounds("/opt")
    assert protected("/").surrounds("/srv")
    assert not protected().surrounds("/srv")
    assert not protected("/opt/portero", inside=False).surrounds("/opt/portero/bin")


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
    assert ProtectedPaths({"/opt/a": "/srv/a", "/srv/b": "/srv/b"}, inside=True).list_opened(path) == opened


def test_what_lies_inside_may_not_count() -> None:
    logs = protected("/var/log/portero", inside=False)

    assert logs.list_opened("/var/log") == ("/var/log/portero",)
    assert logs.list_opened("/var/log/portero/x") == ()


def test_several_paths_open_what_each_opens() -> None:
    assert protected("/a", "/b", "/c").list_opened("/a", "/b/x") == ("/a", "/b")


@given(st.dictionaries(PATHS, PATHS, max_size=3), st.lists(PATHS, min_size=1, max_size=2), st.booleans())
def test_the_quick_look_at_what_a_path_opens_overlooks_nothing(
    reals: dict[str, str], paths: list[str], inside: bool
) -> None:
    opened = {
        place
        for pair in reals.items()
        for place in pair
        for path in paths
        if is_within(place, path) or (inside and is_within(path, place))
    }

    assert ProtectedPaths(reals, inside=inside).list_opened(*paths) == tuple(sorted(opened))
