import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.facts.host_paths import clean_from_root, clean_host_path
from portero.decide.values.refusals import Refused
from tests.refusing import find_refusal


@pytest.mark.parametrize("path", ["/a\0b", "/a\nb", "/a\x7f", "/a\x1b[0m", "/a\x85", "/a\udc80"])
def test_a_path_with_a_control_character_is_refused(path: str) -> None:
    refusal = find_refusal(clean_host_path, path, "HostConfig.Binds[0]")
    assert refusal == ("path-control-character", "HostConfig.Binds[0]")


def test_other_characters_are_kept() -> None:
    assert clean_host_path("/srv/ñ /日本//", "x") == "/srv/ñ /日本"


@pytest.mark.parametrize(("path", "cleaned"), [("etc", "/etc"), ("../../etc", "/etc"), ("", "/"), ("/srv/..", "/")])
def test_a_relative_path_counts_from_the_root(path: str, cleaned: str) -> None:
    assert clean_from_root(path, "x") == cleaned


@given(st.characters())
def test_what_is_refused_is_a_control_character_or_no_text_and_nothing_else(character: str) -> None:
    try:
        clean_host_path(f"/a{character}", "Here")
        refused = False
    except Refused:
        refused = True

    assert refused is (unicodedata.category(character) in ("Cc", "Cs"))
