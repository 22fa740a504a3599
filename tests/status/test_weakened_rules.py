"""What the site lifts of the rules against taking over the host needs attention."""

import json
from pathlib import Path
from typing import cast

import pytest

from portero.status.weakened_rules import warn_of_accounts
from tests.application.test_application import built, site_with_exception


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


def test_baseline_warns_of_users_by_name() -> None:
    (warning,) = warn_of_accounts(["alicia", "bruno"], "baseline")

    assert warning.startswith("alicia, bruno may use Docker: baseline does not hold against people with an account")


def test_baseline_warns_where_the_users_cannot_be_read() -> None:
    (warning,) = warn_of_accounts("unknown", "baseline")

    assert warning.startswith("users of this host (their names cannot be read) may use Docker")


@pytest.mark.parametrize(
    ("members", "profile"), [([], "baseline"), (["alicia"], "hardened"), ("unknown", "restricted")]
)
def test_without_users_or_above_baseline_there_is_no_warning(members: list[str] | str, profile: str) -> None:
    assert not [*warn_of_accounts(members, profile)]  # type: ignore[arg-type]
