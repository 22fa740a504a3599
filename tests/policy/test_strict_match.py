"""A match that is read strictly never matches more than it did."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from portero import engine
from portero.policy.strict_match import make_strict
from portero.types import JSON

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


@given(SCHEMAS_OF_MATCHES)
def test_reading_a_match_strictly_never_lets_it_match_more(match: dict[str, Any]) -> None:
    asked = [REQUEST, {}, {"body": None}, {"identity": {"user": "alice"}}]
    reading = make_strict(match)
    assert isinstance(reading, dict)
    reference = engine.named("reference")
    loose, strictly = reference.compile(match, {}), reference.compile(reading, {})

    more = [request for request in asked if loose.failures(request) and not strictly.failures(request)]

    assert more == []
