"""What is said of a policy that is not in force, of what the next start would do, and of what the site lifts."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import pytest

from portero.serve.settings.settings import Settings
from portero.serve.status.policy_state import PolicyState, list_invalid, list_warnings, warn_of_accounts
from tests.serve.application.test_application import built, site_with_exception

FINE = PolicyState(1.0, 1.0, (), {}, {})
FAULTY = replace(FINE, faults=("site.json: x",))


@pytest.mark.parametrize(
    ("unusable", "mode", "begins"),
    [
        ("settings-unusable", "enforce", "NOTHING IS ALLOWED: the settings cannot be used"),
        ("policy-unusable", "enforce", "NOTHING IS ALLOWED: no policy is valid"),
        ("policy-unusable", "audit", "only the built-in rules are reported: no policy is valid"),
    ],
)
def test_what_is_in_force_instead_is_said(tmp_path: Path, unusable: str, mode: str, begins: str) -> None:
    (told,) = list_invalid(Settings.read({}, {"mode": mode}), FAULTY, unusable)

    assert told.startswith(begins)


@pytest.mark.parametrize("kept", [False, True])
def test_an_invalid_folder_is_said_with_what_the_next_start_would_do(tmp_path: Path, kept: bool) -> None:
    settings = Settings.read({}, {"state": str(tmp_path / "versions.json")})
    if kept:
        settings.last_policy.write_text("")

    (told,) = list_invalid(settings, FAULTY, "")

    expected = f"would take it from {tmp_path}/last-policy.json" if kept else "would have no policy"
    assert told.endswith(f"1970-01-01T00:00:01.000Z; the next start {expected}")


def test_a_valid_folder_is_not_mentioned() -> None:
    settings = Settings.read({}, {})

    assert [*list_invalid(settings, FINE, ""), *list_warnings(settings, FINE)] == []


def test_an_exception_for_dockers_socket_needs_attention_as_long_as_it_works(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    waived = {"user": "ops", "rules": ["no-daemon-sockets", "no-privileged"]}
    asked = built(tmp_path, schemas=site_with_exception(tmp_path, **waived))
    ended = built(tmp_path / "old", schemas=site_with_exception(tmp_path / "old", expires="2000-01-01", **waived))

    (socket,) = cast(list[str], asked.health()["attention"])

    assert socket.endswith(
        "installer.json: who it is for has Docker's socket, which is root on the host, until 2999-12-31 "
        "(operations: The old installer needs it.)"
    )
    assert not [line for line in cast(list[str], ended.health()["attention"]) if "socket" in line]


def test_baseline_rules_that_do_not_refuse_need_attention(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    actions = {"no-privileged": "audit", "no-host-pid": "off", "no-host-ipc": "deny", "pids-limit": "audit"}
    (tmp_path / "site" / "site.json").write_text(json.dumps({"actions": actions}))

    attention = built(tmp_path, schemas=str(tmp_path / "site")).health()["attention"]

    assert attention == [
        "baseline rule no-host-pid is off: actions in site.json",
        "baseline rule no-privileged is only reported: actions in site.json",
    ]


UNREAD = "users of this host (their names cannot be read)"


@pytest.mark.parametrize(
    ("members", "profile", "warned"),
    [
        (["alicia", "bruno"], "baseline", ["alicia, bruno"]),
        ("unknown", "baseline", [UNREAD]),
        ([], "baseline", []),
        (["alicia"], "hardened", []),
        ("unknown", "restricted", []),
    ],
)
def test_baseline_warns_of_users_by_name_if_it_can_be_read(
    members: Sequence[str] | Literal["unknown"], profile: str, warned: list[str]
) -> None:
    told = [*warn_of_accounts(members, profile)]

    assert [line.partition(" may use Docker: ")[0] for line in told] == warned
    assert all("baseline does not hold against people with an account" in line for line in told)
