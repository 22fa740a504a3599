"""Where something is in a document, as a person writes it, and what a misspelt name may have meant."""

from collections.abc import Sequence

import pytest

from portero.decide.values.spelling import (
    find_twins,
    format_path,
    make_printable,
    parse_path,
    shorten_name,
    suggest_name,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ""),
        (("HostConfig", "Binds", 0), "HostConfig.Binds[0]"),
        ((2, "name"), "[2].name"),
        (("a", 1, 2), "a[1][2]"),
    ],
)
def test_names_have_dots_and_indexes_brackets(path: Sequence[str | int], expected: str) -> None:
    assert format_path(path) == expected
    assert parse_path(expected) == path


def test_the_closest_name_is_proposed() -> None:
    assert "'no-privileged'" in suggest_name("no-privilegd", ["capabilities", "no-privileged"])


def test_a_name_that_is_close_to_nothing_gets_no_proposal() -> None:
    assert suggest_name("xyzzy", ["capabilities", "no-privileged"]) == ""


def test_what_a_terminal_would_obey_is_a_question_mark() -> None:
    assert make_printable("a\x1b[2J\u202eb\n\x9b\ud800") == "a?[2J?b???"
    assert make_printable("José 漢字") == "José 漢字"


def test_names_that_stand_twice_are_found_once() -> None:
    assert find_twins(["a", "b", "a", "c", "b", "a"]) == ["a", "b"]
    assert find_twins(["a", "b"]) == []


def test_a_name_in_a_reason_is_short_and_printable() -> None:
    assert shorten_name("web") == "web"
    assert shorten_name("a\n" + 100 * "b") == "a?" + 62 * "b"
