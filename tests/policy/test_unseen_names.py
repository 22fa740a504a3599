"""A site that enforces image-registries is told where images get names that no plugin sees."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from portero import engine
from portero.policy import unseen_names
from portero.policy.loader import load
from portero.policy.policy import Policy
from portero.service import docker_api, resources

LISTED = ["registry.example.com"]


@cache
def shipped() -> Policy:
    return load([resources.schemas()], engine.best(), docker_api.load_api()[0].operations)


def notices(profile: str, registries: list[str], **actions: str) -> list[str]:
    named: Any = {rule.replace("_", "-"): action for rule, action in actions.items()}
    site = {**shipped().site, "registries": [*registries], "actions": named}
    return list(unseen_names.list_notices(replace(shipped(), site=site), profile))


@pytest.mark.parametrize(
    ("profile", "actions"),
    [
        ("baseline", {}),
        ("hardened", {}),
        ("restricted", {}),
        ("restricted", {"image_registries": "audit", "no_buildkit": "audit"}),
        ("baseline", {"image_registries": "deny", "no_buildkit": "deny", "unseen_build_context": "deny"}),
    ],
    ids=str,
)
def test_where_the_rule_is_not_enforced_or_nothing_is_unseen_there_is_nothing_to_tell(
    profile: str, actions: dict[str, str]
) -> None:
    assert notices(profile, LISTED, **actions) == []


@pytest.mark.parametrize(
    ("profile", "actions", "ways", "missing"),
    [
        (
            "hardened",
            {"image_registries": "deny"},
            "docker load, docker import, docker build",
            "unseen-build-context and no-buildkit",
        ),
        ("restricted", {"no_buildkit": "audit"}, "docker build", "no-buildkit"),
        ("restricted", {"unseen_build_context": "audit"}, "docker load, docker import", "unseen-build-context"),
        (
            "restricted",
            {"unseen_build_context": "audit", "no_classic_builds": "audit"},
            "docker load, docker import, docker build",
            "unseen-build-context",
        ),
    ],
    ids=str,
)
def test_the_ways_and_the_rules_that_close_them_are_told(
    profile: str, actions: dict[str, str], ways: str, missing: str
) -> None:
    (notice,) = notices(profile, LISTED, **actions)

    assert notice == (
        f"image-registries does not hold: {ways} give any image a name in a listed registry unseen;"
        f" set {missing} to deny under actions in site.json"
    )


def test_without_a_list_every_image_is_allowed() -> None:
    assert notices("hardened", [], image_registries="deny") == []
