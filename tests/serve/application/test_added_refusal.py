"""What is allowed without a policy: ping, version and info alone, without a body; and what a refusal says."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.serve.application.test_application import ask, built, create

FAULTS = ("/etc/portero/site/site.json: is not JSON at line 3, column 1: fix the syntax", "/etc/portero/b: b")


def read(method: str, uri: str, **more: object) -> dict[str, Any]:
    return {"RequestMethod": method, "RequestUri": uri, **more}


def without_policy(
    tmp_path: Path, code: str = "policy-unusable", faults: tuple[str, ...] = FAULTS, **options: str
) -> Any:
    application = built(tmp_path, **options)
    state = replace(application.in_force.state, faults=faults)
    application.in_force = replace(application.in_force, state=state, unusable=code)
    return application


BODY = {"RequestBody": base64.b64encode(b"{}").decode(), "RequestHeaders": {"Content-Type": "application/json"}}
TOKEN = {"RequestHeaders": {"X-Portero-Token": "of-no-known-issuer"}}


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (read("GET", "/_ping"), True),
        (read("HEAD", "/_ping"), True),
        (read("GET", "/v1.45/version"), True),
        (read("GET", "/v1.45/info"), True),
        # docker is set up to send a token with each request.
        (read("HEAD", "/_ping", **TOKEN), True),
        (read("GET", "/v1.45/info", **BODY), False),
        (read("GET", "/v1.45/info", RequestHeaders={"Content-Length": "2"}), False),
        (read("POST", "/_ping"), False),
        (read("HEAD", "/v1.45/info"), False),
        (read("GET", "/_ping/../containers/json"), False),
        (read("GET", "/v1.45/containers/json"), False),
        (read("GET", "/v1.45/containers/_ping/json"), False),
        (read("GET", "/v1.45/system/df"), False),
        (read("GET", "/v1.45/events"), False),
        (create(), False),
        (read("POST", "/v1.45/containers/web/start"), False),
    ],
    ids=lambda value: f"{value['RequestMethod']} {value['RequestUri']}" if isinstance(value, dict) else str(value),
)
@pytest.mark.parametrize("code", ["policy-unusable", "settings-unusable"])
def test_without_a_policy_ping_version_and_info_are_allowed_and_nothing_else(
    tmp_path: Path, asked: dict[str, Any], allowed: bool, code: str
) -> None:
    answer = ask(without_policy(tmp_path, code, log_reads="none"), asked)

    assert answer["Allow"] is allowed
    assert (code in answer["Msg"]) is not allowed


def test_a_refusal_without_a_policy_has_the_first_fault_and_counts_the_others(tmp_path: Path) -> None:
    said = " ".join(ask(without_policy(tmp_path), read("GET", "/containers/json"))["Msg"].split())

    assert f"policy-unusable Portero has no policy: {FAULTS[0]} (and 1 more). Fix the policy folders as root" in said


def test_a_fault_cannot_fill_the_screen_or_steer_it(tmp_path: Path) -> None:
    application = without_policy(tmp_path, faults=("/etc/\x1b[2J" + "x" * 5000,))

    said = ask(application, read("GET", "/containers/json"))["Msg"]

    assert len(said) < 1000
    assert "\x1b" not in said


def test_in_mode_audit_nothing_is_refused_for_lack_of_a_policy(tmp_path: Path) -> None:
    assert ask(without_policy(tmp_path, mode="audit"), read("GET", "/containers/json"))["Allow"] is True


def test_the_log_has_the_code(tmp_path: Path) -> None:
    ask(without_policy(tmp_path), read("GET", "/containers/json"))

    (line,) = [json.loads(line) for line in (tmp_path / "decisions.jsonl").read_text().splitlines()]
    assert [violation["rule"] for violation in line["violations"]] == ["policy-unusable"]
