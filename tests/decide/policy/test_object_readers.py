"""A schema reads the image when it speaks of `objects.image`, or of all objects."""

from typing import Any

import pytest

from portero.decide.policy.object_readers import reads_image, reads_objects, reads_owners

SITE: Any = {"registries": [], "owners": ["team"]}
OF_IMAGE = {"image": {"properties": {"user": {"const": "1000"}}}}
REGISTRIES, OWNERS = {"$ref": "site#/$defs/registries"}, {"$ref": "site#/$defs/owners"}


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
