"""A match on images of every registry is a fault; test_exception.py has other faults."""

import json
from typing import Any

import pytest

from portero.decide.policy.exception_faults import find_file_faults, make_match_schemas
from tests.decide.judging.requests import make_exception
from tests.paths import SCHEMAS

SCHEMA, DIALECT = (json.loads((SCHEMAS / name).read_text()) for name in ("exception.json", "rule.json"))
HUB = {"const": "docker.io"}


def faults(match: dict[str, Any]) -> list[str]:
    content = make_exception(["no-privileged"]) | {"match": match}
    return [*find_file_faults(content, SCHEMA, make_match_schemas(DIALECT), {"site#/$defs/registries"})]


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
