"""A field that dockerd drops at the request's API version protects nothing, and the refusal says so."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from portero.decision import Decision
from portero.host.fixed import FixedHost
from portero.judging import dropped_fields, reply
from portero.service.loading import judge_of
from portero.service.settings import Settings

PROTECTED: dict[str, Any] = {
    "Name": "db",
    "TaskTemplate": {
        "ContainerSpec": {
            "Image": "busybox:1.36",
            "User": "1000",
            "ReadOnly": True,
            "CapabilityDrop": ["ALL"],
            "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 1024}],
            "Privileges": {"NoNewPrivileges": True},
        },
        "Resources": {"Limits": {"MemoryBytes": 536870912, "NanoCPUs": 500000000, "Pids": 100}},
        "RestartPolicy": {"Condition": "on-failure", "MaxAttempts": 3},
        "LogDriver": {"Name": "syslog", "Options": {}},
    },
}
# Fields that protect, with the rules that ask for them.
RULES = {"drop-all-capabilities", "no-new-privileges", "open-files-limit", "pids-limit"}


def decide(version: str, operation: str = "create") -> Decision:
    loaded = judge_of(Settings.read({}, {"profile": "restricted", "host_root": "none"}))[0]
    judge = replace(loaded, host=FixedHost())
    data = json.dumps(PROTECTED).encode()
    path = {"create": "/services/create", "update": "/services/db/update?version=7"}[operation]
    envelope = {
        "RequestMethod": "POST",
        "RequestUri": f"{version}{path}",
        "RequestHeaders": {"Content-Type": "application/json", "Content-Length": str(len(data))},
        "RequestBody": base64.b64encode(data).decode(),
    }
    return judge.decide(json.dumps(envelope).encode(), "d-1", 0.0)


def refusing(decision: Decision) -> set[str]:
    return {violation.rule for violation in decision.violations if violation.action == "deny"}


@pytest.mark.parametrize("operation", ["create", "update"])
@pytest.mark.parametrize(
    ("version", "rules"),
    [("/v1.40", RULES), ("/v1.43", {"no-new-privileges"}), ("/v1.44", set()), ("", set())],
)
def test_a_dropped_field_satisfies_no_rule(operation: str, version: str, rules: set[str]) -> None:
    assert refusing(decide(version, operation)) & RULES == rules


def test_the_refusal_says_which_field_is_dropped_below_which_version() -> None:
    text = reply.write_denial(decide("/v1.43"))

    at = "TaskTemplate.ContainerSpec.Privileges.NoNewPrivileges"
    assert f"note: {at}: Docker drops NoNewPrivileges below API 1.44. -> send it to /v1.44 or newer" in " ".join(
        text.split()
    )


def test_no_dropped_field_is_suggested() -> None:
    assert decide("/v1.43").suggestion is None


def test_a_dropped_field_alone_only_reports() -> None:
    reported = dropped_fields.report({"facts": {"droppedFields": [{"at": "A.B", "since": "1.41"}]}})

    assert [(one.rule, one.at, one.action) for one in reported] == [("dropped-field", "A.B", "audit")]
