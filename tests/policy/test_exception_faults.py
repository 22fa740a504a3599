"""An exception with a repository but no registry is a fault with its fix; test_exception.py has the other faults."""

import json
from typing import Any

import pytest

from portero.policy.exception_faults import file_faults
from tests.paths import SCHEMAS

SCHEMA, DIALECT = (json.loads((SCHEMAS / name).read_text()) for name in ("exception.json", "rule.json"))
HUB = {"const": "docker.io"}


def faults(match: dict[str, Any]) -> list[str]:
    content = {
        "$schema": "../exception.json",
        "dialect": 2,
        "rules": ["no-privileged"],
        "match": match,
        "reason": "The probe needs it.",
        "owner": "netops",
        "expires": "2030-06-30",
    }
    return [*file_faults(content, SCHEMA, DIALECT, {"site#/$defs/registries"})]


def image(**named: Any) -> dict[str, Any]:
    return {"properties": {"facts": {"properties": {"image": {"properties": named}}}}}


@pytest.mark.parametrize(
    ("named", "fix"),
    [
        (
            {"repository": {"const": "netops/probe"}},
            'write "registry": {"const": "docker.io"}, "repository": {"const": "netops/probe"}, or your registry',
        ),
        (
            {"repository": {"const": "busybox"}, "tag": {"const": "1"}},
            'write "registry": {"const": "docker.io"}, "repository": {"const": "library/busybox"}, or your registry',
        ),
        (
            {"repository": {"pattern": "^netops/.*$"}},
            'write "registry": {"const": "docker.io"} beside it, or your registry',
        ),
    ],
)
def test_a_repository_without_its_registry_is_a_fault(named: dict[str, Any], fix: str) -> None:
    sentence = f"match: properties.repository: matches images of every registry: {fix}"

    assert faults(image(**named)) == [sentence]
    assert faults({"anyOf": [image(**named)]}) == [sentence]
    assert faults({"properties": {"facts": {"allOf": [image(**named)["properties"]["facts"]]}}}) == [sentence]


def test_one_word_on_the_hub_matches_nothing_and_is_a_fault() -> None:
    assert faults(image(registry=HUB, repository={"const": "busybox"})) == [
        "match: properties.repository: is of no image on docker.io: "
        'write "registry": {"const": "docker.io"}, "repository": {"const": "library/busybox"}, or your registry'
    ]


@pytest.mark.parametrize(
    "match",
    [
        image(registry=HUB, repository={"const": "netops/probe"}),
        image(registry={"const": "registry.example:5000"}, repository={"const": "probe"}),
        image(registry={"$ref": "site#/$defs/registries"}, repository={"const": "probe"}),
        image(repository={"const": "netops/probe"}, digest={"const": "sha256:" + "0" * 64}),
        image(reference={"const": "netops/probe"}),
        {"not": image(repository={"const": "netops/probe"})},
        {"properties": {"body": {"properties": {"Labels": {"properties": {"repository": {"const": "x"}}}}}}},
    ],
    ids=str,
)
def test_what_names_one_registry_or_no_image_is_no_fault(match: dict[str, Any]) -> None:
    assert faults(match) == []
