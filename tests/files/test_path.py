import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.files.path import clean, is_absolute, is_within


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        ("", "."),
        ("/", "/"),
        ("//", "/"),
        ("//etc", "/etc"),
        ("/./etc/.", "/etc"),
        ("/usr/../etc", "/etc"),
        ("/usr/share/../../etc/passwd", "/etc/passwd"),
        ("/..", "/"),
        ("/../../etc", "/etc"),
        ("/tmp/..", "/"),
        ("a/../..", ".."),
        ("../a/..", ".."),
        ("../a/b/../c", "../a/c"),
        ("../../etc", "../../etc"),
        ("..", ".."),
        ("a/..", "."),
        ("a//b/", "a/b"),
        ("/a/...", "/a/..."),
        ("\\etc", "\\etc"),
    ],
)
def test_a_path_is_cleaned_as_go_cleans_it(path: str, cleaned: str) -> None:
    assert clean(path) == cleaned


@given(st.text(alphabet="/.ab"))
def test_cleaning_twice_changes_nothing(path: str) -> None:
    assert clean(clean(path)) == clean(path)


@given(st.text(alphabet="/.ab"))
def test_an_absolute_path_is_cleaned_as_python_normalises_it(path: str) -> None:
    assert clean(f"/x/{path}") == posixpath.normpath(f"/x/{path}").replace("//", "/")


@given(st.text(alphabet="/.ab"))
def test_a_cleaned_absolute_path_has_no_dots_and_no_empty_parts(path: str) -> None:
    parts = clean("/" + path).split("/")

    assert not {".", ".."} & set(parts)
    assert parts.count("") == (2 if parts == ["", ""] else 1)


@pytest.mark.parametrize(
    ("path", "folder", "within"),
    [
        ("/etc", "/etc", True),
        ("/etc/x", "/etc", True),
        ("/etcetera", "/etc", False),
        ("/", "/etc", False),
        ("/etc", "/", True),
    ],
)
def test_what_lies_below_a_folder_is_told_by_whole_names(path: str, folder: str, within: bool) -> None:
    assert is_within(path, folder) is within


def test_a_name_is_not_an_absolute_path() -> None:
    assert not is_absolute("pgdata")
    assert is_absolute("/pgdata")
