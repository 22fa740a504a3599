"""facts.collect: which operation has which facts, and that they always keep to schemas/request.json."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from portero.decide.facts.collect import collect_facts
from portero.decide.reading.shapes import ListOf, MapOf, Scalar, Shape
from portero.decide.values.refusals import Refused
from portero.observe.host.fixed_host import FixedHost
from portero.observe.stores.api_tables import load_shapes
from tests.cases import cases
from tests.paths import SCHEMAS

REQUEST = json.loads((SCHEMAS / "request.json").read_text())
FACTS = Draft202012Validator({"$defs": REQUEST["$defs"], "$ref": "#/$defs/facts"})
SHAPES = load_shapes(SCHEMAS / "api")
HOST = FixedHost({"links": {"/srv/link": "/etc"}})

TOLD: dict[str, list[str]] = dict(cases(__file__, "told-facts.jsonl"))


@pytest.mark.parametrize("operation", TOLD)
def test_an_operation_has_its_facts_when_nothing_is_set(operation: str) -> None:
    found = collect_facts(operation, None, {}, {}, HOST)

    assert sorted(found) == TOLD[operation]
    FACTS.validate(found)


def test_every_fact_of_the_schema_but_the_request_s_own_is_reported_by_an_operation() -> None:
    described = set(REQUEST["$defs"]["facts"]["properties"])

    named = set(collect_facts("ImageTag", None, {"repo": ("app",)}, {"name": "busybox"}, HOST))
    assert named.union(*TOLD.values()) == described - {"unknownFields", "droppedFields", "daemonDefaults"}


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(Refused, match="body-wrong-type"):
        collect_facts("ContainerCreate", ["Image"], {}, {}, HOST)


WORDS = st.sampled_from(
    [
        *("", "host", "container:web", "container:", "ns:/proc/1/ns/net", "none", "default", "private", "a", "ALL"),
        *("no-new-privileges", "label=type:x", "seccomp={}", "apparmor:unconfined", "seccomp", "custom", "NONE", "CMD"),
        *("/etc", "/srv/link", "rel/../..", "/a:/b:ro", "a:b:c:d", "/x\n", "80/tcp", "8000-8010", "-1", "busybox@x"),
        *("DB_PASSWORD=x", "PASSWORD", "http://u:p@h", "1.2.3.4 a b", "\U0001f40b", "cap_ßys", "0123456789ab" * 2, ":"),
    ]
)
TEXTS = WORDS | st.text(max_size=12)
FIGURES = st.sampled_from([0, 1, -1, -2, 100_000, 2**40, 2**63 - 1, -(2**63)]) | st.integers(-(2**63), 2**63 - 1)


def bodies(shape: Shape) -> st.SearchStrategy[Any]:
    """Any canonical value of a shape."""
    if isinstance(shape, ListOf):
        return st.lists(bodies(shape.items), max_size=2)
    if isinstance(shape, MapOf):
        return st.dictionaries(TEXTS, bodies(shape.items), max_size=2)
    if isinstance(shape, Scalar):
        return scalars(shape.kind)
    fields = {field.name: bodies(field.shape) for field in shape.fields.values()}
    return st.fixed_dictionaries({}, optional=fields)


def scalars(kind: str) -> st.SearchStrategy[Any]:
    if kind == "string":
        return TEXTS
    if kind == "[]byte":
        return st.sampled_from(["", "e30=", "dW5jb25maW5lZA==", "/w==", "e3\n0="])
    if kind == "strslice":
        return st.lists(TEXTS, max_size=2)
    return st.booleans() if kind == "bool" else FIGURES.map(float if kind == "float32" else int)


QUERIES = st.dictionaries(
    st.sampled_from(
        [
            *("networkmode", "cgroupparent", "extrahosts", "buildargs", "labels", "ulimits", "memory", "memswap"),
            *("cpuperiod", "cpuquota", "shmsize", "remote", "version", "securityopt", "fromImage", "fromSrc", "tag"),
        ]
    ),
    st.lists(
        TEXTS
        | st.sampled_from(["1", "2", "null", "{}", "[]", '{"TOKEN":"x"}', '{"a":null}', '["a:1"]', '[{"name":"x"}]'])
        | st.sampled_from(["USER root", "ENV A=b TOKEN=c", "HEALTHCHECK NONE", "ENV TOKEN x \\", "# escape=`", "+9"]),
        min_size=1,
        max_size=3,
    ).map(tuple),
    max_size=4,
)


@pytest.mark.parametrize("operation", [operation for operation in TOLD if operation in SHAPES.by_operation])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_any_canonical_body_gives_facts_that_the_schema_describes(operation: str, data: st.DataObject) -> None:
    body, query = data.draw(bodies(SHAPES.by_operation[operation])), data.draw(QUERIES)

    found = collect_or_refuse(operation, body, query, {"id": data.draw(TEXTS)})

    if isinstance(found, Refused):
        assert found.code in ("path-climbs", "path-control-character")
    else:
        assert sorted(found) == TOLD[operation]
        FACTS.validate(found)


@pytest.mark.parametrize("operation", ["ImageBuild", "ImageCommit", "ImageCreate"])
@settings(max_examples=200, deadline=None)
@given(query=QUERIES)
def test_any_query_gives_facts_that_the_schema_describes(operation: str, query: dict[str, tuple[str, ...]]) -> None:
    found = collect_or_refuse(operation, None, query, {})

    if isinstance(found, Refused):
        # Only the name of a parameter, never a value of the request.
        assert found.at in {f"?{name}" for name in query}
    else:
        FACTS.validate(found)


def collect_or_refuse(
    operation: str, body: Any, query: dict[str, tuple[str, ...]], path: dict[str, str]
) -> dict[str, Any] | Refused:
    try:
        return collect_facts(operation, body, query, path, HOST)
    except Refused as refused:
        return refused
