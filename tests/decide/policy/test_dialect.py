"""The dialect is closed: whatever it does not know is a fault with its place, at every depth."""

from collections.abc import Callable
from typing import Any

import pytest

from portero.decide.policy.dialect import find_rule_faults, list_keywords, reads_image, reads_objects, reads_owners
from portero.decide.policy.json_files import compile_faults
from tests.cases import cases

Found = Callable[..., list[str]]
OPERATIONS = {"ContainerCreate", "ContainerExec", "SystemInfo"}
REFERENCES = {"site#/$defs/runtimes", "request#/$defs/mount"}
SITE: Any = {"registries": [], "owners": ["team"]}
OF_IMAGE = {"image": {"properties": {"user": {"const": "1000"}}}}
REGISTRIES, OWNERS = {"$ref": "site#/$defs/registries"}, {"$ref": "site#/$defs/owners"}


@pytest.fixture
def found(written: dict[str, Any], dialect: dict[str, Any]) -> Found:
    """The faults of the rule with these changes; None takes a part away."""

    def find(**changes: Any) -> list[str]:
        rule = {name: value for name, value in (written | changes).items() if value is not None}
        return list(find_rule_faults(rule, compile_faults(dialect), OPERATIONS, REFERENCES))

    return find


@pytest.mark.parametrize("changes", cases(__file__, "rules-without-faults.jsonl"))
def test_a_rule_without_faults_has_none(found: Found, changes: dict[str, Any]) -> None:
    assert found(**changes) == []


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        *((name, f"'{name}' is missing") for name in ("title", "reason", "remedy", "level", "threats", "sources")),
        *((name, f"'{name}' is missing") for name in ("operations", "allows", "denies")),
        ("$schema", "'$schema' is missing: write ../../rule.json"),
        ("dialect", "'dialect' is missing: add \"dialect\": 2"),
        ("properties", "state the condition: properties, allOf, anyOf, not or if"),
    ],
)
def test_what_is_missing_is_named(found: Found, name: str, fault: str) -> None:
    assert found(**{name: None}) == [fault]


@pytest.mark.parametrize(("changes", "expected"), cases(__file__, "faults-of-rules.jsonl"))
def test_a_fault_is_named_with_its_place_and_cure(found: Found, changes: dict[str, Any], expected: str) -> None:
    assert expected in found(**changes)


def test_every_keyword_is_walked_and_names_of_properties_are_not_keywords() -> None:
    walked = list_keywords(
        {"properties": {"not": {"items": {"const": 1}}}, "anyOf": [{"then": True}], "enum": [{"const": 1}]}
    )

    assert [(*path, keyword) for path, keyword, _ in walked] == [
        *(("properties",), ("properties", "not", "items"), ("properties", "not", "items", "const")),
        *(("anyOf",), ("anyOf", 0, "then"), ("enum",)),
    ]


@pytest.mark.parametrize(
    ("proposal", "expected"),
    [
        ({"add": ["--init"], "drop": ["--privileged"], "change": ["read-only"]}, []),
        ({"add": ["--runtime {runtimes}"]}, []),
        ({}, ["try: must not be empty"]),
        ({"ad": ["--init"]}, ["try: 'ad' is unknown: did you mean 'add'?"]),
        ({"add": ["init"]}, ["try.add[0]: write a flag and its value, as --memory {memory-max}"]),
        ({"image": "busybox"}, ["try: 'image' is unknown"]),
        ({"drop": ["--privilegd"]}, ["try: '--privilegd' cannot be proposed: did you mean '--privileged'?"]),
        ({"add": ["--runtime {runtime}"]}, ["try: '{runtime}' is not in site.json: did you mean 'runtimes'?"]),
    ],
)
def test_a_proposal_is_as_closed_as_the_rest(found: Found, proposal: Any, expected: list[str]) -> None:
    assert found(**{"try": proposal}) == expected


def image(**conditions: Any) -> Any:
    return {"properties": {"objects": {"properties": {"image": {"properties": conditions}}}}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"properties": {"objects": {"properties": OF_IMAGE}}}, True),
        ({"if": {"properties": {"objects": {"required": ["image"]}}}, "then": False}, True),
        ({"anyOf": [{"not": {"properties": {"objects": {"properties": OF_IMAGE}}}}]}, True),
        ({"properties": {"objects": {"additionalProperties": False}}}, True),
        ({"properties": {"objects": {"propertyNames": {"const": "volumes"}}}}, True),
        (image(references={"contains": REGISTRIES}), False),
        (image(references={"contains": OWNERS}), True),
        (image(references={"contains": {"anyOf": [REGISTRIES, OWNERS]}}), True),
        (image(references={"contains": {"$ref": "request#/$defs/image"}}), True),
        ({"properties": {"objects": {"properties": {"volumes": {"maxItems": 0}}}}}, False),
        ({"properties": {"facts": {"properties": OF_IMAGE}}}, False),
        ({"properties": {"body": {"properties": {"Image": {"const": "x"}}}}}, False),
    ],
    ids=str,
)
def test_what_speaks_of_the_image_reads_it(schema: Any, expected: bool) -> None:
    assert reads_image(schema, SITE) is expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"if": {"properties": {"objects": {"required": ["image"]}}}, "then": False}, True),
        ({"properties": {"objects": {"properties": {"volumes": {"maxItems": 0}}}}}, True),
        ({"properties": {"facts": {"properties": {"image": {"const": "objects"}}}}}, False),
    ],
    ids=str,
)
def test_what_speaks_of_objects_reads_them(schema: Any, expected: bool) -> None:
    assert reads_objects(schema) is expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"properties": {"objects": {"properties": {"foreign": {"maxItems": 0}}}}}, True),
        ({"if": {"properties": {"objects": {"properties": {"ownerLabels": {"type": "object"}}}}}, "then": False}, True),
        ({"properties": {"objects": {"properties": {"volumes": {"maxItems": 0}}}}}, False),
        ({"properties": {"facts": {"properties": {"foreign": {"maxItems": 0}}}}}, False),
    ],
    ids=str,
)
def test_what_speaks_of_foreign_objects_or_the_owner_label_reads_owners(schema: Any, expected: bool) -> None:
    assert reads_owners(schema) is expected
