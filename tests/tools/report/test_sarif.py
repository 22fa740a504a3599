"""SARIF 2.1.0: what code scanning shows of decisions."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft202012Validator

from portero.decide.policy.policy import Policy
from portero.tools.recording.request_files import DecidedRequest
from portero.tools.report import sarif
from portero.tools.report.sarif import choose_level, make_sarif_of_decisions

from .conftest import checked, violation

FOLDER = Path(__file__).parent
SCHEMA = Draft202012Validator(json.loads((FOLDER / "sarif.json").read_text()))
OFFICIAL = Draft4Validator(
    json.loads((FOLDER / "sarif-2.1.0-rtm.5.json").read_text()), format_checker=Draft4Validator.FORMAT_CHECKER
)


def read_run(log: Mapping[str, Any]) -> dict[str, Any]:
    """The one run of the document, which has the structure of SARIF."""
    document: dict[str, Any] = json.loads(json.dumps(log))
    SCHEMA.validate(document)
    OFFICIAL.validate(document)
    (found,) = document["runs"]
    return dict(found)


def run(policy: Policy, *decided: DecidedRequest) -> dict[str, Any]:
    return read_run(make_sarif_of_decisions(decided, policy))


def test_the_official_schema_notices_a_fault() -> None:
    assert not OFFICIAL.is_valid({"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": []}]})


def test_a_clean_run_lists_the_rules_and_finds_nothing(policy: Policy) -> None:
    found = run(policy, checked())

    assert found["results"] == []
    assert [rule["id"] for rule in found["tool"]["driver"]["rules"]] == sorted(policy.rules)


def test_a_denial_is_an_error_at_its_file_line_service_and_field(policy: Policy) -> None:
    result = run(policy, checked(violation("no-privileged"), client="compose/2.26"))["results"][0]

    assert (result["ruleId"], result["level"]) == ("no-privileged", "error")
    assert result["message"]["text"] == "HostConfig.Privileged: It can take over the host. -> remove privileged: true"
    assert result["locations"] == [
        {
            "physicalLocation": {"artifactLocation": {"uri": "a%20compose.yaml"}, "region": {"startLine": 3}},
            "logicalLocations": [{"fullyQualifiedName": "web HostConfig.Privileged"}],
        }
    ]


def test_a_property_with_a_line_of_its_own_is_the_region(policy: Policy) -> None:
    lines = {"HostConfig.Privileged": ("base file.yaml", 7)}
    made = checked(violation("no-privileged"), violation("no-host-pid", "X"))
    found = replace(made, request=replace(made.request, find_line=lines.get))

    own, whole = (result["locations"][0]["physicalLocation"] for result in run(policy, found)["results"])

    assert own == {"artifactLocation": {"uri": "base%20file.yaml"}, "region": {"startLine": 7}}
    assert whole == {"artifactLocation": {"uri": "a%20compose.yaml"}, "region": {"startLine": 3}}


def test_an_address_is_the_path_in_the_repository_without_a_dot_in_front(policy: Policy) -> None:
    made = checked(violation("no-privileged"))
    found = replace(made, request=replace(made.request, file="./a/compose.yaml"))

    assert run(policy, found)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "a/compose.yaml"
    }
    unread = sarif.make_sarif_of_decisions([], policy, {"./a/compose.yaml": "no YAML"})
    assert '"uri": "a/compose.yaml"' in json.dumps(unread)


@pytest.mark.parametrize("code", ["body-missing", "no-privileged"])
def test_the_index_leads_to_the_rule_or_to_the_refusal_code(policy: Policy, code: str) -> None:
    found = run(policy, checked(violation("no-host-pid"), violation(code)))

    rules = found["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in found["results"]] == ["no-host-pid", code]


def test_what_is_only_logged_is_a_note_and_what_is_waived_is_suppressed(policy: Policy) -> None:
    logged, waived = run(
        policy, checked(violation("no-privileged", action="audit"), violation("no-host-pid", action="waived"))
    )["results"]

    assert (logged["level"], "suppressions" in logged) == ("note", False)
    assert (waived["level"], waived["suppressions"]) == ("note", [{"kind": "external"}])


def test_a_finding_keeps_its_fingerprint_when_it_moves(policy: Policy) -> None:
    def fingerprint(decided: DecidedRequest) -> str:
        return str(run(policy, decided)["results"][0]["partialFingerprints"]["portero/v1"])

    here = fingerprint(checked(violation("no-privileged"), line=3))

    assert here == fingerprint(checked(violation("no-privileged"), line=9))
    assert here != fingerprint(checked(violation("no-privileged", "Privileged")))


def test_a_question_without_a_line_has_no_region(policy: Policy) -> None:
    result = run(policy, checked(violation("no-privileged"), line=None))["results"][0]

    assert "region" not in result["locations"][0]["physicalLocation"]


def test_a_rule_shows_no_place_that_only_a_request_fills(policy: Policy) -> None:
    log = make_sarif_of_decisions([], policy)

    assert re.search(r"\{(name|why|violations|owner)\}", json.dumps(log)) is None


def test_a_missing_limit_is_no_error_beside_a_privileged_container(policy: Policy) -> None:
    rules = {each["id"]: each["properties"]["security-severity"] for each in run(policy)["tool"]["driver"]["rules"]}

    assert float(rules["no-privileged"]) >= 9 > float(rules["memory-limit"])
    assert [choose_level(level, refuses=True) for level in ("baseline", "hardened", "advisory", "always")] == [
        "error",
        "warning",
        "note",
        "error",
    ]
    assert choose_level("baseline", refuses=False) == "note"


def test_a_release_with_an_address_names_the_page_of_each_rule(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "helpUri" not in run(policy)["tool"]["driver"]["rules"][0]
    monkeypatch.setattr(sarif, "__address__", "https://docs.example.org/portero")

    pages = {rule["id"]: rule["helpUri"] for rule in run(policy)["tool"]["driver"]["rules"]}
    assert pages["no-privileged"] == "https://docs.example.org/portero/rules/no-privileged.html"


def test_a_file_that_cannot_be_read_is_a_notification(policy: Policy) -> None:
    log = make_sarif_of_decisions([], policy, {"a b.yaml": "a b.yaml: is no YAML"})

    (invocation,) = read_run(log)["invocations"]
    assert invocation["toolExecutionNotifications"][0]["message"] == {"text": "a b.yaml: is no YAML"}
