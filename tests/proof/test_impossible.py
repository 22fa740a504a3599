"""A condition of an exception that no request can fulfil is told: a name or a value that request.json does not have."""

import json
from typing import Any

import pytest

from portero.proof.impossible import Impossible
from tests.paths import SCHEMAS

FIND = Impossible(json.loads((SCHEMAS / "request.json").read_text())).find


def of_fact(name: str, condition: Any) -> Any:
    return {"properties": {"facts": {"properties": {name: condition}}}}


@pytest.mark.parametrize(
    ("match", "sentence"),
    [
        (
            of_fact("privileged", {"properties": {"value": {"const": "true"}}}),
            "facts.privileged.value: has no such value in any request: see schemas/request.json",
        ),
        (of_fact("privilegd", {}), "facts.privilegd: is in no request: did you mean 'privileged'?"),
        (
            of_fact("mounts", {"contains": {"properties": {"sourc": {"const": "/srv"}}}}),
            "facts.mounts[*].sourc: is in no request: did you mean 'source'?",
        ),
        (
            {"allOf": [of_fact("mounts", {"items": {"allOf": [{"properties": {"type": {"enum": ["bnd", 7]}}}]}})]},
            "facts.mounts[*].type: has no such value in any request: see schemas/request.json",
        ),
        (
            {"properties": {"identity": {"properties": {"users": {"const": "x"}}}}},
            "identity.users: is in no request: did you mean 'user'?",
        ),
    ],
)
def test_a_condition_that_no_request_fulfils_is_told(match: Any, sentence: str) -> None:
    assert [*FIND(match)] == [sentence]


@pytest.mark.parametrize(
    "match",
    [
        of_fact("privileged", {"properties": {"value": {"const": True}}}),
        of_fact("mounts", {"contains": {"properties": {"type": {"enum": ["bind", "other-still"]}}}}),
        of_fact("image", {"properties": {"digest": {"const": None}}}),
        {"properties": {"body": {"properties": {"HostConfg": {"const": 7}}}}},
        {"properties": {"facts": {"not": {"properties": {"privilegd": {}}}}}},
    ],
)
def test_any_other_condition_is_not(match: Any) -> None:
    assert [*FIND(match)] == []
