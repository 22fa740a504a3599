"""A match that is read strictly never matches more; it holds for the refused entry alone; what it pins is known."""

import json
from collections.abc import Callable
from functools import reduce
from operator import getitem
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.decision import Violation
from portero.decide.engine.reference import REFERENCE
from portero.decide.policy.exception_match import (
    compile_file_faults,
    find_file_faults,
    looks_into_lists,
    make_strict,
    narrow,
    pins_image,
    pins_user,
)
from portero.decide.values.json_fields import JSON
from tests.decide.judging.requests import make_exception
from tests.paths import SCHEMAS

REQUEST: dict[str, JSON] = {
    "operation": "ContainerCreate",
    "identity": {"user": "alice"},
    "body": {"Labels": {"team": "video"}},
    "facts": {"privileged": {"value": True, "at": "HostConfig.Privileged"}},
}
NAMES = st.sampled_from(["identity", "user", "body", "Labels", "team", "operation"])
LEAVES = st.one_of(
    st.builds(lambda value: {"const": value}, st.sampled_from(["alice", "video", None])),
    st.just({"pattern": "^a"}),
    st.just({"minimum": 1}),
)
SCHEMAS_OF_MATCHES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda named: {"properties": named}, st.dictionaries(NAMES, inner, min_size=1, max_size=2)),
        st.builds(lambda some: {"anyOf": some}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda one: {"not": one}, inner),
        st.builds(lambda one: {"items": one}, inner),
    ),
    max_leaves=6,
)
LISTS: JSON = {
    "facts": {"mounts": [{"paths": ["/a", "/b"]}, {"paths": ["/c"]}], "caps": {"drop": [], "add": ["X", "Y"]}},
    "body": {"HostConfig": {"Binds": ["/a:/x", "/c:/y"], "Tmpfs": {"/t": ""}}, "Env": ["A=1", "B=2"]},
    "query": {"name": ["one", "two"]},
}
DIGEST = "sha256:" + "a" * 64
SCHEMA, DIALECT = (json.loads((SCHEMAS / name).read_text()) for name in ("exception.json", "rule.json"))
HUB = {"const": "docker.io"}


@given(SCHEMAS_OF_MATCHES)
def test_reading_a_match_strictly_never_lets_it_match_more(match: dict[str, Any]) -> None:
    asked = [REQUEST, {}, {"body": None}, {"identity": {"user": "alice"}}]
    reading = make_strict(match)
    assert isinstance(reading, dict)
    reference = REFERENCE
    loose, strictly = reference.compile(match, {}), reference.compile(reading, {})

    more = [request for request in asked if loose.failures(request) and not strictly.failures(request)]

    assert more == []


def narrowed(at: str, *paths: tuple[str | int, ...]) -> list[Any]:
    return [*narrow(Violation("rule", "baseline", at, "deny", "", {}, paths=paths), LISTS)]


def test_lists_of_facts_and_body_keep_the_refused_entry() -> None:
    (one,) = narrowed("HostConfig.Binds[1]", ("facts", "mounts", 1, "paths"))

    assert one["facts"]["mounts"] == [{"paths": ["/c"]}]
    assert one["body"] == {"HostConfig": {"Binds": ["/c:/y"], "Tmpfs": {"/t": ""}}, "Env": ["A=1", "B=2"]}
    assert one["query"] == {"name": ["one", "two"]}


@pytest.mark.parametrize(
    ("at", "path", "within", "kept"),
    [
        ("HostConfig.Binds[0]", ("facts", "mounts", 0, "paths", 1), ("facts", "mounts"), [[{"paths": ["/b"]}]]),
        ("HostConfig.CapAdd", ("facts", "caps", "add"), ("facts", "caps", "add"), [["X"], ["Y"]]),
        ("Env[1]", ("body", "Env", 1), ("body", "Env"), [["B=2"]]),
    ],
    ids=["a list inside an entry", "each entry of a list that is refused as a whole", "what fails in the body"],
)
def test_a_list_is_narrowed_to(at: str, path: tuple[str | int, ...], within: tuple[str, ...], kept: list[Any]) -> None:
    assert [reduce(getitem, within, one) for one in narrowed(at, path)] == kept


def test_values_below_one_entry_are_one_entry() -> None:
    paths = (("facts", "mounts", 1, "source"), ("facts", "mounts", 1, "target"))

    assert len(narrowed("HostConfig.Binds[1]", *paths)) == 1


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
    assert narrowed(at, path) == [LISTS]


def test_the_request_itself_is_not_changed() -> None:
    before = str(LISTS)
    narrowed("HostConfig.Binds[0]", ("facts", "mounts", 0))

    assert str(LISTS) == before


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


def match(digest: JSON) -> JSON:
    return {"properties": {"facts": {"properties": {"image": {"properties": {"digest": digest}}}}}}


def user(named: JSON) -> JSON:
    return {"properties": {"identity": {"properties": {"user": named}}}}


CREATE: JSON = {"properties": {"operation": {"const": "ContainerCreate"}}}
PIN_IMAGE: list[JSON] = [
    match({"const": DIGEST}),
    match({"enum": [DIGEST, "sha512:" + "0" * 128]}),
    match({"allOf": [{"const": DIGEST}]}),
    {"allOf": [CREATE, match({"const": DIGEST})]},
]
PIN_NO_IMAGE: list[JSON] = [
    *(True, {}, match({}), match(True), match({"type": "string"}), match({"pattern": "^sha256:"})),
    *(match({"const": None}), match({"const": "sha256:aaaa"}), match({"enum": []}), match({"enum": [DIGEST, None]})),
    {"anyOf": [match({"const": DIGEST}), match(True)]},
    {"not": match({"const": DIGEST})},
    {"properties": {"facts": {"properties": {"image": {"properties": {"tag": {"const": DIGEST}}}}}}},
]
PIN_USER: list[JSON] = [user({"const": "ops"}), user({"enum": ["ops", "ci"]}), {"allOf": [user({"const": "ops"})]}]
PIN_NO_USER: list[JSON] = [
    *(True, user(True), user({"const": ""}), user({"enum": ["ops", ""]}), user({"pattern": "^ops$"})),
    *({"not": user({"const": "ops"})}, {"anyOf": [user({"const": "ops"}), user(True)]}, match({"const": DIGEST})),
]


@pytest.mark.parametrize(
    ("pins", "schema", "pinned"),
    [
        *((pins_image, schema, True) for schema in PIN_IMAGE),
        *((pins_image, schema, False) for schema in PIN_NO_IMAGE),
        *((pins_user, schema, True) for schema in PIN_USER),
        *((pins_user, schema, False) for schema in PIN_NO_USER),
    ],
)
def test_a_whole_digest_pins_the_image_and_a_name_the_user(
    pins: Callable[[JSON], bool], schema: JSON, pinned: bool
) -> None:
    assert pins(schema) is pinned


def faults(match: dict[str, Any]) -> list[str]:
    content = make_exception(["no-privileged"]) | {"match": match}
    return [*find_file_faults(content, compile_file_faults(SCHEMA, DIALECT), {"site#/$defs/registries"})]


def image(**named: Any) -> dict[str, Any]:
    return {"properties": {"facts": {"properties": {"image": {"properties": named}}}}}


def test_a_pattern_for_repositories_without_a_registry_is_a_fault() -> None:
    assert faults(image(repository={"pattern": "^netops/.*$"})) == [
        "match: properties.repository: matches images of every registry: "
        'write "registry": {"const": "docker.io"} beside it, or your registry'
    ]


@pytest.mark.parametrize(
    "match",
    [
        image(repository={"const": "busybox"}),
        image(registry=HUB, repository={"const": "netops/probe"}),
        image(registry={"const": "registry.example:5000"}, repository={"const": "probe"}),
        image(registry={"$ref": "site#/$defs/registries"}, repository={"const": "probe"}),
        image(repository={"const": "netops/probe"}, digest={"const": "sha256:" + "0" * 64}),
        image(reference={"const": "netops/probe"}),
        {"not": image(repository={"const": "netops/probe"})},
    ],
    ids=str,
)
def test_what_names_one_registry_or_no_image_is_no_fault(match: dict[str, Any]) -> None:
    assert faults(match) == []
