"""What the site's values cannot do is told: unseen names, sources that can be replaced, names that match nothing."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from portero.decide.images.trust import ImageTrust, TrustEntry
from portero.decide.policy import site_warnings
from portero.decide.policy.policy import Policy
from portero.decide.policy.site_warnings import list_nested_sources, list_unmatched_values
from portero.observe.process import package_files
from portero.observe.stores import api_tables
from portero.observe.stores.policy_loader import load_policy
from tests.paths import SCHEMAS

LISTED = ["registry.example.com"]
ALL_WAYS = "docker load, docker import, docker build"
UNSEEN = {"unseen_build_context": "audit"}
SCHEMA: Any = json.loads((SCHEMAS / "site.schema.json").read_text())
SHIPPED: Any = json.loads((SCHEMAS / "site.json").read_text())


@cache
def shipped() -> Policy:
    return load_policy([package_files.schemas()], api_tables.load_api()[0].operations)


def list_unseen(profile: str, registries: list[str], **actions: str) -> list[str]:
    named: Any = {rule.replace("_", "-"): action for rule, action in actions.items()}
    site = {**shipped().site, "registries": [*registries], "actions": named}
    return list(site_warnings.list_unseen_names(replace(shipped(), site=site), profile))


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
    assert list_unseen(profile, LISTED, **actions) == []


@pytest.mark.parametrize(
    ("profile", "actions", "ways", "missing"),
    [
        ("hardened", {"image_registries": "deny"}, ALL_WAYS, "unseen-build-context and no-buildkit"),
        ("restricted", {"no_buildkit": "audit"}, "docker build", "no-buildkit"),
        ("restricted", UNSEEN, "docker load, docker import", "unseen-build-context"),
        ("restricted", UNSEEN | {"no_classic_builds": "audit"}, ALL_WAYS, "unseen-build-context"),
    ],
    ids=str,
)
def test_the_ways_and_the_rules_that_close_them_are_told(
    profile: str, actions: dict[str, str], ways: str, missing: str
) -> None:
    (notice,) = list_unseen(profile, LISTED, **actions)

    assert notice == (
        f"image-registries does not hold: {ways} give any image a name in a listed registry unseen;"
        f" set {missing} to deny under actions in site.json"
    )


def test_without_a_list_every_image_is_allowed() -> None:
    assert list_unseen("hardened", [], image_registries="deny") == []


def test_a_source_below_a_writable_one_is_a_fault() -> None:
    lists: dict[str, Any] = {"bind-sources-writable": ["/srv/a", "/srv/a/b", "/srv/ab"], "bind-sources": ["/srv"]}
    lists["bind-sources-read-only"] = ["/srv", "/srv/a/c"]

    assert [fault.partition(", which")[0] for fault in list_nested_sources(lists)] == [
        "bind-sources-read-only: /srv/a/c lies below /srv/a",
        "bind-sources-writable: /srv/a/b lies below /srv/a",
    ]


def list_unmatched(**values: Any) -> list[str]:
    return [
        *list_unmatched_values({**SHIPPED, **{key.replace("_", "-"): value for key, value in values.items()}}, SCHEMA)
    ]


def test_a_sysctl_with_its_value_matches_nothing() -> None:
    assert list_unmatched(sysctls=["net.core.somaxconn", "net.ipv4.tcp_syncookies=1"]) == [
        "site.json: sysctls: net.ipv4.tcp_syncookies=1 matches nothing: write the name alone, net.ipv4.tcp_syncookies"
    ]


def test_a_star_matches_nothing_where_it_stands_for_itself() -> None:
    assert list_unmatched(groups_denied=["docker*"], annotations=["com.example.*"]) == [
        "site.json: groups-denied: docker* matches nothing, since * stands for itself here: write each name out"
    ]


def test_the_shipped_values_give_no_notice() -> None:
    assert list_unmatched() == []


def test_an_entry_without_keys_is_told_where_signatures_are_asked_for() -> None:
    entries = [TrustEntry("r.example/*", ("team.pem",)), TrustEntry("*", ())]
    policy = replace(shipped(), images=ImageTrust(entries))
    (told,) = site_warnings.list_unseen_names(policy, "restricted")
    assert told.startswith("image-signed does not hold: image-trust lets * run unsigned, and docker tag")
    assert [*site_warnings.list_unseen_names(policy, "hardened")] == []
    signed = replace(shipped(), images=ImageTrust(entries[:1]))
    assert [*site_warnings.list_unseen_names(signed, "restricted")] == []


@pytest.mark.parametrize(
    ("profile", "actions", "missing"),
    [
        ("baseline", {}, None),
        ("baseline", {"image-signed": "deny"}, "no-classic-builds and no-buildkit"),
        ("hardened", {"image-signed": "deny"}, "no-buildkit"),
        ("baseline", {"image-signed": "deny", "no-buildkit": "deny"}, "no-classic-builds"),
        ("baseline", {"image-signed": "deny", "no-buildkit": "deny", "no-classic-builds": "deny"}, None),
        ("restricted", {"no-buildkit": "audit"}, "no-buildkit"),
    ],
)
def test_builds_that_run_unsigned_images_are_told(profile: str, actions: dict[str, str], missing: str | None) -> None:
    site: Any = {**shipped().site, "registries": [], "actions": actions}
    policy = replace(shipped(), site=site, images=ImageTrust([TrustEntry("*", ("team.pem",))]))
    assert [*site_warnings.list_unseen_names(policy, profile)] == (
        []
        if missing is None
        else [
            "image-signed does not hold in builds: docker build runs what any image holds, signed or not;"
            f" set {missing} to deny under actions in site.json"
        ]
    )
