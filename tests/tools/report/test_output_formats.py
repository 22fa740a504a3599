"""JUnit XML: a case for each thing judged, with the reply as the text of its failure; SARIF 2.1.0 and HTML pages."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jinja2 import UndefinedError
from jsonschema import Draft4Validator, Draft202012Validator

from portero.decide.policy.policy import Policy
from portero.tools.recording.request_files import DecidedRequest
from portero.tools.report.output_formats import format_time, make_sarif_of_decisions, render_html, write_junit_decisions

from .conftest import checked, violation


def suite(*decided: DecidedRequest) -> ElementTree.Element:
    found = ElementTree.fromstring(write_junit_decisions(decided)).find("testsuite")
    assert found is not None
    return found


def test_what_is_allowed_passes_even_when_something_is_logged() -> None:
    found = suite(checked(), checked(violation("no-privileged", action="audit")))

    assert (found.get("tests"), found.get("failures")) == ("2", "0")
    assert found.findall("testcase/failure") == []


def test_what_is_refused_fails_with_its_rules_and_the_reply() -> None:
    found = suite(
        checked(violation("no-privileged"), violation("no-privileged", "Privileged"), violation("no-host-pid"))
    )

    case = found.find("testcase")
    failure = found.find("testcase/failure")
    assert case is not None
    assert failure is not None
    assert (case.get("classname"), case.get("name")) == ("a compose.yaml", "a compose.yaml:3 (web): ContainerCreate")
    assert failure.get("message") == "no-privileged, no-host-pid"
    assert (failure.text or "").startswith("  no-host-pid    HostConfig.Privileged: It can take over the host.")


def test_what_xml_cannot_hold_is_a_question_mark() -> None:
    assert suite(checked(file="a\x1b\ud800")).find("testcase[@classname='a??']") is not None


FOLDER = Path(__file__).parent
SCHEMA = Draft202012Validator(json.loads((FOLDER / "sarif.json").read_text()))
OFFICIAL = Draft4Validator(
    json.loads((FOLDER / "sarif-2.1.0-rtm.5.json").read_text()), format_checker=Draft4Validator.FORMAT_CHECKER
)


def run(policy: Policy, *decided: DecidedRequest) -> dict[str, Any]:
    """The one run of the document, which has the structure of SARIF."""
    document: dict[str, Any] = json.loads(json.dumps(make_sarif_of_decisions(decided, policy)))
    SCHEMA.validate(document)
    OFFICIAL.validate(document)
    found: dict[str, Any] = document["runs"][0]
    return found


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


def test_a_value_that_a_page_needs_and_does_not_get_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render_html("tools/report/host_page.html")


def test_times_are_in_utc_to_the_minute() -> None:
    assert format_time(1795536000.9) == "2026-11-24 16:00"
