"""An exception for Docker's data names the image by its digest; one for Docker's socket may name the user instead."""

import pytest

from portero.policy.pinned import pins_image, pins_user
from portero.types import JSON

DIGEST = "sha256:" + "a" * 64


def match(digest: JSON) -> JSON:
    return {"properties": {"facts": {"properties": {"image": {"properties": {"digest": digest}}}}}}


@pytest.mark.parametrize(
    "schema",
    [
        match({"const": DIGEST}),
        match({"enum": [DIGEST, "sha512:" + "0" * 128]}),
        match({"allOf": [{"const": DIGEST}]}),
        {"allOf": [{"properties": {"operation": {"const": "ContainerCreate"}}}, match({"const": DIGEST})]},
    ],
)
def test_a_match_with_a_whole_digest_pins_the_image(schema: JSON) -> None:
    assert pins_image(schema)


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        match({}),
        match(True),
        match({"type": "string"}),
        match({"pattern": "^sha256:"}),
        match({"const": None}),
        match({"const": "sha256:aaaa"}),
        match({"enum": []}),
        match({"enum": [DIGEST, None]}),
        {"anyOf": [match({"const": DIGEST}), match(True)]},
        {"not": match({"const": DIGEST})},
        {"properties": {"facts": {"properties": {"image": {"properties": {"tag": {"const": DIGEST}}}}}}},
    ],
)
def test_any_other_match_does_not(schema: JSON) -> None:
    assert not pins_image(schema)


def user(named: JSON) -> JSON:
    return {"properties": {"identity": {"properties": {"user": named}}}}


@pytest.mark.parametrize(
    "schema", [user({"const": "ops"}), user({"enum": ["ops", "ci"]}), {"allOf": [user({"const": "ops"})]}]
)
def test_a_match_that_names_the_user_pins_the_user(schema: JSON) -> None:
    assert pins_user(schema)


@pytest.mark.parametrize(
    "schema",
    [
        True,
        user(True),
        user({"const": ""}),
        user({"enum": ["ops", ""]}),
        user({"pattern": "^ops$"}),
        {"not": user({"const": "ops"})},
        {"anyOf": [user({"const": "ops"}), user(True)]},
        match({"const": DIGEST}),
    ],
)
def test_any_other_match_does_not_pin_the_user(schema: JSON) -> None:
    assert not pins_user(schema)
