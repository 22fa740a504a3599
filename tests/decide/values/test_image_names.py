"""Image names in exceptions mean what docker means by them, and never an image of another registry."""

from typing import Any

import pytest

from portero.decide.engine.reference import REFERENCE
from portero.decide.facts.image import parse_reference
from portero.decide.policy.exception_match import make_strict
from portero.decide.values import image_names
from portero.decide.values.image_names import complete_repository
from portero.decide.values.json_fields import JSON

HUB = {"const": "docker.io"}
DIGEST = "sha256:" + "0" * 64


def image(**named: Any) -> dict[str, Any]:
    return {"properties": {"facts": {"properties": {"image": {"properties": named}}}}}


def matches(match: JSON, reference: str) -> bool:
    read: Any = make_strict(image_names.complete_match(match))
    return REFERENCE.compile(read, {}).failures({"facts": {"image": parse_reference(reference, "Image")}}) == ()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("user:password@registry.example.com/app:1", "***@registry.example.com/app:1"),
        ("user:p@ss/w:rd@registry.example.com/app", "***@registry.example.com/app"),
        ("http://user:password@registry.example.com/app", "***@registry.example.com/app"),
        (f"token@registry.example.com/app@{DIGEST}", f"***@registry.example.com/app@{DIGEST}"),
        (f"busybox:1@{DIGEST}", f"busybox:1@{DIGEST}"),
        ("registry.example.com:5000/app:1", "registry.example.com:5000/app:1"),
        ("", ""),
    ],
)
def test_a_login_in_a_name_is_hidden_and_a_digest_is_not(name: str, shown: str) -> None:
    assert image_names.hide_login(name) == shown
    for before, after in (("/images/", "/json"), ("/v1.45/distribution/", "/json"), ("/images/", "")):
        assert image_names.hide_login_in_path(f"{before}{name}{after}") == f"{before}{shown}{after}"


@pytest.mark.parametrize(
    ("match", "reference"),
    [
        (image(repository={"const": "busybox"}), "busybox"),
        (image(repository={"const": "busybox"}), "docker.io/busybox:1.36"),
        (image(repository={"const": "library/busybox"}), "busybox"),
        (image(repository={"enum": ["busybox", "netops/probe"]}), "index.docker.io/netops/probe"),
        (image(registry=HUB, repository={"const": "busybox"}), "library/busybox"),
        (image(repository={"const": "busybox"}, digest={"const": DIGEST}), f"busybox@{DIGEST}"),
        (image(repository={"const": "busybox"}, digest={"const": DIGEST}), f"mirror.example/busybox@{DIGEST}"),
        (image(registry={"const": "mirror.example"}, repository={"const": "busybox"}), "mirror.example/busybox"),
        ({"anyOf": [image(repository={"const": "busybox"})]}, "busybox"),
        ({"properties": {"facts": {"allOf": [image(repository={"const": "a"})["properties"]["facts"]]}}}, "a"),
    ],
)
def test_a_name_matches_what_docker_means_by_it(match: JSON, reference: str) -> None:
    assert matches(match, reference)


@pytest.mark.parametrize(
    ("match", "reference"),
    [
        (image(repository={"const": "busybox"}), "evil.io/busybox"),
        (image(repository={"const": "busybox"}), "evil.io/library/busybox"),
        (image(repository={"const": "busybox"}), "evil/busybox"),
        (image(repository={"const": "netops/probe"}), "evil.io/netops/probe"),
        (image(registry={"const": "mirror.example"}, repository={"const": "busybox"}), "busybox"),
        (image(repository={"const": "busybox"}, digest={"const": DIGEST}), "busybox"),
    ],
)
def test_a_name_matches_no_image_of_another_registry(match: JSON, reference: str) -> None:
    assert not matches(match, reference)


@pytest.mark.parametrize(
    "match",
    [
        {"not": image(repository={"const": "busybox"})},
        {"if": image(repository={"const": "busybox"}), "then": {"properties": {"operation": {"const": "x"}}}},
        {"properties": {"body": {"properties": {"Labels": {"properties": {"repository": {"const": "x"}}}}}}},
        image(repository={"pattern": "^netops/"}, registry=HUB),
    ],
    ids=str,
)
def test_what_is_no_name_of_an_image_to_match_stays_as_it_is(match: JSON) -> None:
    assert image_names.complete_match(match) == match


def test_a_pattern_for_repositories_of_every_registry_is_a_fault() -> None:
    pattern = image(repository={"pattern": "^netops/.*$"})
    sentence = (
        "properties.repository: matches images of every registry: "
        'write "registry": {"const": "docker.io"} beside it, or your registry'
    )

    assert [*image_names.list_faults(pattern)] == [sentence]
    assert [*image_names.list_faults({"anyOf": [pattern]})] == [sentence]
    assert not [*image_names.list_faults({"not": pattern})]
    assert not [*image_names.list_faults(image(repository={"const": "busybox"}))]


@pytest.mark.parametrize(
    ("name", "whole"),
    [("busybox", "library/busybox"), ("team/app", "team/app"), ("library/busybox", "library/busybox")],
)
def test_a_single_word_is_below_library(name: str, whole: str) -> None:
    assert complete_repository(name) == whole
