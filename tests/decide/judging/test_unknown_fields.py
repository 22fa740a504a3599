"""Names that Docker does not know are refused or reported as the site says; fields that it drops are reported."""

from typing import Any

import pytest

from portero.decide.decision import Decision
from portero.decide.judging import denial, unknown_fields
from portero.observe.host.fixed_host import FixedHost
from portero.observe.stores.api_tables import load_shapes
from tests.decide.judging.requests import envelope, list_refusing
from tests.judges import make_judge
from tests.paths import SCHEMAS

CREATE = load_shapes(SCHEMAS / "api").by_operation["ContainerCreate"]

DOCUMENT = {"facts": {"unknownFields": [{"at": f"X{n}"} for n in range(30)]}}
SPEC: dict[str, Any] = {
    **{"Image": "busybox:1.36", "User": "1000", "ReadOnly": True, "CapabilityDrop": ["ALL"]},
    "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 1024}],
    "Privileges": {"NoNewPrivileges": True},
}
PROTECTED: dict[str, Any] = {
    "Name": "db",
    "TaskTemplate": {
        "ContainerSpec": SPEC,
        "Resources": {"Limits": {"MemoryBytes": 536870912, "NanoCPUs": 500000000, "Pids": 100}},
        "RestartPolicy": {"Condition": "on-failure", "MaxAttempts": 3},
        "LogDriver": {"Name": "syslog", "Options": {}},
    },
}
# Fields that protect, with the rules that ask for them.
RULES = {"drop-all-capabilities", "no-new-privileges", "open-files-limit", "pids-limit"}


@pytest.mark.parametrize("action", ["deny", "audit"])
def test_each_of_the_first_unknown_names_is_one_violation_with_the_action_of_the_site(action: str) -> None:
    found = list(unknown_fields.report_unknown(DOCUMENT, action))  # type: ignore[arg-type]

    assert [(violation.rule, violation.at, violation.action) for violation in found] == [
        ("unknown-field", f"X{n}", action) for n in range(20)
    ]


def test_a_site_may_say_nothing_of_them() -> None:
    assert list(unknown_fields.report_unknown(DOCUMENT, "off")) == []
    assert list(unknown_fields.report_unknown({"facts": {}}, "deny")) == []


@pytest.mark.parametrize(
    ("at", "meant"),
    [
        ("HostConfig.Priviledged", "Privileged"),
        ("HostConfig.CapDropp", "CapDrop"),
        ("Imagee", "Image"),
        ("HostConfig.Mounts[3].Sorce", "Source"),
        ("NetworkingConfig.EndpointsConfig.*.Alias", "Aliases"),
    ],
)
def test_a_misspelt_field_is_told_what_it_may_have_meant(at: str, meant: str) -> None:
    (found,) = unknown_fields.report_unknown({"facts": {"unknownFields": [{"at": at}]}}, "audit", CREATE)

    assert found.reason == f"Docker has no field of this name: did you mean {meant}? It ignores this one."


@pytest.mark.parametrize(
    "at",
    ["HostConfig.Zebra", "Gone.Priviledged", "HostConfig.Sysctls.x.Priviledged", "HostConfig." + "Privileged" * 99],
)
def test_what_is_close_to_no_field_at_its_place_has_no_hint(at: str) -> None:
    (found,) = unknown_fields.report_unknown({"facts": {"unknownFields": [{"at": at}]}}, "deny", CREATE)

    assert "did you mean" not in found.reason


def decide(version: str, operation: str = "create") -> Decision:
    judge = make_judge(FixedHost(), profile="restricted")
    path = {"create": "/services/create", "update": "/services/db/update?version=7"}[operation]
    return judge.decide(envelope("POST", f"{version}{path}", PROTECTED), "d-1", 0.0)


@pytest.mark.parametrize("operation", ["create", "update"])
@pytest.mark.parametrize(
    ("version", "rules"),
    [("/v1.40", RULES), ("/v1.43", {"no-new-privileges"}), ("/v1.44", set()), ("", set())],
)
def test_a_dropped_field_satisfies_no_rule(operation: str, version: str, rules: set[str]) -> None:
    assert {*list_refusing(decide(version, operation))} & RULES == rules


def test_the_refusal_says_which_field_is_dropped_below_which_version_and_suggests_none() -> None:
    decision = decide("/v1.43")

    note = "note: TaskTemplate.ContainerSpec.Privileges.NoNewPrivileges: Docker drops NoNewPrivileges below API 1.44."
    assert f"{note} -> send it to /v1.44 or newer" in " ".join(denial.write_denial(decision).split())
    assert decision.suggestion is None


def test_a_dropped_field_alone_only_reports() -> None:
    reported = unknown_fields.report_dropped({"facts": {"droppedFields": [{"at": "A.B", "since": "1.41"}]}})

    assert [(one.rule, one.at, one.action) for one in reported] == [("dropped-field", "A.B", "audit")]
