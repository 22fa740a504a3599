import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.values.path import clean, is_absolute, is_within


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        *((path, "/") for path in ("/", "//", "/..", "/tmp/..")),
        *((path, "/etc") for path in ("//etc", "/./etc/.", "/usr/../etc", "/../../etc")),
        *((path, "..") for path in ("..", "a/../..", "../a/..")),
        *((path, ".") for path in ("", "a/..")),
        *((path, path) for path in ("../../etc", "/a/...", "\\etc")),
        *(("/usr/share/../../etc/passwd", "/etc/passwd"), ("../a/b/../c", "../a/c"), ("a//b/", "a/b")),
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
