"""Where existing objects cannot be looked up, status names the reason, the rules that are blind, and the cure."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from portero.host.view import LookupState
from portero.settings.settings import Settings
from portero.status import lookup_state
from tests.policy.test_builtin_rules import policy

SETTINGS = Settings.read({}, {"profile": "baseline", "host_root": "none"})
EXISTING = {"existing-container", "existing-volume", "existing-network", "existing-service"}


@pytest.mark.parametrize(
    ("setting", "last", "expected"),
    [
        ("auto", "auto", "auto"),
        ("auto", "unanswered", "unanswered"),
        ("auto", "unavailable", "unavailable"),
        ("off", "auto", "off"),
    ],
)
def test_the_setting_comes_before_how_the_last_lookup_went(setting: str, last: LookupState, expected: str) -> None:
    settings = Settings.read({}, {"lookups": setting})

    assert lookup_state.find_state(settings, last) == expected


def test_a_managed_plugin_without_the_socket_cannot_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)

    assert lookup_state.find_state(SETTINGS, "auto") == "unavailable"
    assert lookup_state.find_state(replace(SETTINGS, docker_host=Path("/run/docker.sock")), "auto") == "auto"


def test_the_blind_rules_are_those_in_force_that_read_objects() -> None:
    blind = set(lookup_state.list_rules_without_lookups(SETTINGS, policy(), "unavailable"))
    assert blind >= EXISTING
    assert not {"no-privileged", "non-root-user"} & blind
    assert "non-root-user" in lookup_state.list_rules_without_lookups(
        replace(SETTINGS, profile="restricted"), policy(), "unavailable"
    )
    assert list(lookup_state.list_rules_without_lookups(SETTINGS, policy(), "unanswered")) == []


def test_rules_about_owners_are_blind_only_where_the_site_has_ownership() -> None:
    of_owners = {"own-objects-only", "own-objects-read", "owner-label-own"}
    loaded = policy()
    owning = replace(loaded, site={**loaded.site, "ownership": "com.example.owner"})

    assert loaded.site["ownership"] == ""
    assert not of_owners & set(lookup_state.list_rules_without_lookups(SETTINGS, loaded, "off"))
    assert of_owners <= set(lookup_state.list_rules_without_lookups(SETTINGS, owning, "off"))


@pytest.mark.parametrize(
    ("last", "begins"),
    [
        ("unavailable", "dockerd cannot be asked what exists"),
        ("unanswered", "dockerd does not answer what exists: requests that use existing objects are refused"),
    ],
)
def test_the_notice_says_why_and_what_to_do(last: LookupState, begins: str) -> None:
    (notice,) = lookup_state.list_notices(SETTINGS, policy(), last)

    assert notice.startswith(begins)
    assert "PORTERO_DOCKER_HOST" in notice


def test_working_lookups_need_no_attention() -> None:
    assert list(lookup_state.list_notices(SETTINGS, policy(), "auto")) == []
