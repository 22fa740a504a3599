"""The request with the refused entry alone, and which matches need it."""

from typing import Any

import pytest

from portero.decision import Violation
from portero.policy.entry_match import looks_into_lists, narrow
from portero.types import JSON

REQUEST: JSON = {
    "facts": {"mounts": [{"paths": ["/a", "/b"]}, {"paths": ["/c"]}], "caps": {"drop": [], "add": ["X", "Y"]}},
    "body": {"HostConfig": {"Binds": ["/a:/x", "/c:/y"], "Tmpfs": {"/t": ""}}, "Env": ["A=1", "B=2"]},
    "query": {"name": ["one", "two"]},
}


def narrowed(at: str, *paths: tuple[str | int, ...]) -> list[Any]:
    return [*narrow(Violation("rule", "baseline", at, "deny", "", {}, paths=paths), REQUEST)]


def test_lists_of_facts_and_body_keep_the_refused_entry() -> None:
    (one,) = narrowed("HostConfig.Binds[1]", ("facts", "mounts", 1, "paths"))

    assert one["facts"]["mounts"] == [{"paths": ["/c"]}]
    assert one["body"]["HostConfig"] == {"Binds": ["/c:/y"], "Tmpfs": {"/t": ""}}
    assert one["body"]["Env"] == ["A=1", "B=2"]
    assert one["query"] == {"name": ["one", "two"]}


def test_a_list_inside_an_entry_keeps_the_refused_entry_too() -> None:
    (one,) = narrowed("HostConfig.Binds[0]", ("facts", "mounts", 0, "paths", 1))

    assert one["facts"]["mounts"] == [{"paths": ["/b"]}]


def test_a_list_that_is_refused_as_a_whole_comes_once_with_each_entry() -> None:
    assert [one["facts"]["caps"]["add"] for one in narrowed("HostConfig.CapAdd", ("facts", "caps", "add"))] == [
        ["X"],
        ["Y"],
    ]


@pytest.mark.parametrize(
    ("at", "path"),
    [
        ("HostConfig.CapDrop", ("facts", "caps", "drop")),
        ("HostConfig.Privileged", ("facts", "privileged")),
        ("HostConfig.Binds[7]", ("facts", "x")),
        ("?name", ("query", "other")),
        ("HostConfig.Tmpfs[*]", ("facts", "tmpfs")),
        ("", ()),
    ],
)
def test_a_path_that_leads_through_no_list_leaves_the_request_as_it_is(at: str, path: tuple[str | int, ...]) -> None:
    assert narrowed(at, path) == [REQUEST]


def test_what_fails_in_the_body_is_narrowed_there_once() -> None:
    (one,) = narrowed("Env[1]", ("body", "Env", 1))

    assert one["body"]["Env"] == ["B=2"]


def test_values_below_one_entry_are_one_entry() -> None:
    paths = (("facts", "mounts", 1, "source"), ("facts", "mounts", 1, "target"))

    assert len(narrowed("HostConfig.Binds[1]", *paths)) == 1


def test_the_request_itself_is_not_changed() -> None:
    before = str(REQUEST)
    narrowed("HostConfig.Binds[0]", ("facts", "mounts", 0))

    assert str(REQUEST) == before


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"properties": {"a": {"const": 1}}}, False),
        ({"properties": {"a": {"minItems": 1}}}, False),
        ({"properties": {"contains": {"const": 1}}}, False),
        ({"properties": {"a": {"contains": {"const": 1}}}}, True),
        ({"not": {"properties": {"a": {"items": {"const": 1}}}}}, True),
        ({"anyOf": [{"const": 1}, {"if": {"contains": True}}]}, True),
        (True, False),
    ],
)
def test_a_match_looks_into_lists_with_contains_and_items(match: JSON, expected: bool) -> None:
    assert looks_into_lists(match) is expected
