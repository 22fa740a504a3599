"""The way from an envelope to a decision: every error on it is a denial with a code, and mode audit denies nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from portero.decide.decision import Decision
from portero.decide.facts.inspected import Inspected
from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.decide.values.refusals import Refused
from portero.observe.host.fixed_host import FixedHost
from tests.decide.judging.requests import envelope, list_refusing
from tests.judges import make_judge

NOON = 1_800_000_000.0


@pytest.fixture(scope="module")
def judge() -> Judge:
    return make_judge(FixedHost(), profile="baseline")


def create(body: Mapping[str, object], **changed: object) -> bytes:
    return envelope("POST", "/v1.45/containers/create", body, **{"User": "alice", **changed})


def test_a_decision_carries_id_time_subject_and_digest(judge: Judge) -> None:
    decision = judge.decide(create({"Image": "busybox"}), "d-1", NOON)

    assert decision.allowed
    assert (decision.id, decision.time, decision.profile) == ("d-1", NOON, "baseline")
    assert (decision.subject.operation, decision.subject.user) == ("ContainerCreate", "alice")
    assert decision.subject.image == "busybox"
    assert decision.policy == judge.policy.digest


def test_the_same_request_is_decided_alike(judge: Judge) -> None:
    data = create({"Image": "busybox", "HostConfig": {"Privileged": True, "PidMode": "host"}})

    assert judge.decide(data, "d-1", NOON) == judge.decide(data, "d-1", NOON)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "envelope-empty"),
        (b"{", "envelope-undecodable"),
        (create({}, RequestUri="/v1.45/nowhere"), "unknown-operation"),
        (create({"Image": 7}), "body-wrong-type"),
        (create({}, RequestUri="/a#b"), "uri-fragment"),
    ],
)
def test_what_cannot_be_read_is_denied_with_its_code(judge: Judge, data: bytes, code: str) -> None:
    decision = judge.decide(data, "d-1", NOON)

    assert (list_refusing(decision), decision.fault) == ([code], None)


class FailingHost(FixedHost):
    """A host view with a fault in it."""

    def find_entry(self, path: str) -> Any:
        raise ZeroDivisionError


def test_a_fault_of_our_own_is_a_denial_that_keeps_the_fault(judge: Judge) -> None:
    failing = replace(judge, host=FailingHost())

    decision = failing.decide(create({"Image": "busybox", "HostConfig": {"Binds": ["/srv:/srv"]}}), "d-1", NOON)

    assert list_refusing(decision) == ["internal-error"]
    assert isinstance(decision.fault, ZeroDivisionError)


def test_the_making_of_an_object_is_judged_as_a_request_for_it_is(judge: Judge) -> None:
    body: dict[str, Any] = {"Image": "busybox", "HostConfig": {"Privileged": True}}
    asked, made = judge.decide(create(body), "d-1", NOON), Inspected("ContainerCreate", "web", body)

    decision = judge.decide_making(made, "d-1", NOON)

    assert decision.violations == asked.violations != ()
    assert (decision.subject.operation, decision.suggestion) == ("ContainerCreate", asked.suggestion)


def test_an_object_that_cannot_be_read_and_a_fault_are_denials(judge: Judge) -> None:
    wrong = judge.decide_making(Inspected("ContainerCreate", "web", {"HostConfig": 7}), "d-1", NOON)
    unknown = judge.decide_making(Inspected("TeapotCreate", "web", {}), "d-1", NOON)

    assert [list_refusing(one) for one in (wrong, unknown)] == [["body-wrong-type"], ["internal-error"]]
    assert isinstance(unknown.fault, StopIteration)


def test_a_suggestion_has_been_judged_and_is_given_for_denials_only(judge: Judge) -> None:
    refused = create({"Image": "busybox", "HostConfig": {"Privileged": True}})

    assert judge.decide(refused, "d-1", NOON).suggestion
    assert not replace(judge, enforcement=Enforcement("baseline", "audit")).decide(refused, "d-1", NOON).suggestion
    assert not judge.decide(create({"Image": "busybox"}), "d-1", NOON).suggestion


def test_many_unknown_fields_are_a_bounded_list(judge: Judge) -> None:
    body = {"Image": "busybox"} | {f"Unknown{number}": 1 for number in range(100)}

    violations = judge.decide(create(body), "d-1", NOON).violations

    assert 0 < len([v for v in violations if v.rule == "unknown-field"]) <= 20


def test_the_document_is_what_rules_see(judge: Judge) -> None:
    document: Any = judge.document(create({"image": "busybox"}), NOON)

    assert (document["operation"], document["body"]["Image"]) == ("ContainerCreate", "busybox")
    with pytest.raises(Refused):
        judge.document(b"{", NOON)


def reported(decision: Decision) -> dict[str, tuple[str, str]]:
    return {violation.rule: (violation.action, violation.profile) for violation in decision.violations}


def test_the_audit_profile_is_reported_beside_the_enforced_one(judge: Judge) -> None:
    both = replace(judge, enforcement=Enforcement("baseline", "enforce", "restricted"))

    allowed = both.decide(create({"Image": "busybox"}), "d-1", NOON)
    refused = both.decide(create({"Image": "busybox", "HostConfig": {"Privileged": True}}), "d-1", NOON)

    assert allowed.allowed
    assert allowed.only_audit_profile_refuses
    assert reported(allowed)["read-only-root"] == reported(allowed)["memory-limit"] == ("audit", "restricted")
    assert reported(allowed)["image-digest"] == ("audit", "")
    assert reported(refused)["no-privileged"] == ("deny", "")
    assert not refused.only_audit_profile_refuses
    assert judge.decide(create({"Image": "busybox"}), "d-1", NOON).audit_profile == ""


def test_mode_audit_denies_nothing_and_reports_both_profiles(judge: Judge) -> None:
    both = replace(judge, enforcement=Enforcement("baseline", "audit", "restricted"))

    decision = both.decide(create({"Image": "busybox", "HostConfig": {"Privileged": True}}), "d-1", NOON)

    assert decision.allowed
    assert reported(decision)["no-privileged"] == ("audit", "baseline")
    assert reported(decision)["read-only-root"] == ("audit", "restricted")
    assert not decision.only_audit_profile_refuses


def test_a_site_s_action_holds_under_both_profiles(judge: Judge) -> None:
    actions = {"read-only-root": "off", "non-root-user": "audit", "image-tag": "deny"}
    policy = replace(judge.policy, site={**judge.policy.site, "actions": actions})

    both = replace(judge, policy=policy, enforcement=Enforcement("baseline", "enforce", "restricted"))
    found = reported(both.decide(create({"Image": "busybox"}), "d", NOON))

    assert "read-only-root" not in found
    assert (found["non-root-user"], found["image-tag"]) == (("audit", ""), ("deny", ""))


DISABLE: dict[str, Any] = {
    "RequestUri": "/v1.45/plugins/portero/disable",
    "RequestHeaders": {},
    "RequestBody": "",
}
PLUGIN = {"Name": "p", "TaskTemplate": {"Runtime": "plugin"}}


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (create({}, **DISABLE), "no-plugin-changes"),
        # What the rule never sees.
        (create({}, **{**DISABLE, "RequestUri": f"{DISABLE['RequestUri']}?a=%00"}), "uri-undecodable"),
        (create({}, **{**DISABLE, "RequestHeaders": {"X-Portero-Token": "x"}}), "token-invalid"),
        (envelope("POST", "/v1.45/services/create", PLUGIN), "services-run-containers"),
    ],
    ids=["plugin", "unreadable", "token", "service"],
)
def test_mode_audit_turns_portero_off_for_nobody(judge: Judge, data: bytes, refused: str) -> None:
    decision = replace(judge, enforcement=Enforcement("baseline", "audit")).decide(data, "d-1", NOON)

    assert not decision.allowed
    assert reported(decision)[refused][0] == "deny"


def test_a_decision_says_whom_the_site_names_for_questions(judge: Judge) -> None:
    named = replace(judge, policy=replace(judge.policy, site={**judge.policy.site, "contact": "#platform"}))

    assert named.decide(create({"Image": "busybox"}), "d-1", NOON).contact == "#platform"
    assert named.decide(b"{", "d-1", NOON).contact == "#platform"
    assert judge.decide(b"{", "d-1", NOON).contact == ""
