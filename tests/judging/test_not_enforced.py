"""What refuses nothing: lifted in mode audit and by a break-glass token, waived of existing objects."""

from dataclasses import replace
from typing import Any

from portero.decision import Violation, make_refusal
from portero.judging import not_enforced
from portero.judging.enforcement import Enforcement
from portero.judging.not_enforced import lift_violations
from tests.judging.test_proposal import shipped
from tests.policy.test_builtin_rules import policy

SITE: Any = {"break-glass": ["emergency"]}
PRIVILEGED = Violation("no-privileged", "baseline", "", "deny", "", {})
PLUGINS = Violation("no-plugin-changes", "baseline", "", "deny", "", {}, protects=True)
CODE = make_refusal("body-undecodable", "")
BROKEN_GLASS = Enforcement("hardened", "audit", breaks_glass=True)
DENIED = Violation("no-privileged", "baseline", "HostConfig.Privileged", "deny", "reason", {"docker": "drop it"})
WAIVED = replace(DENIED, action="waived", exception="admins")


def test_break_glass_lifts_rules_but_neither_codes_nor_self_protection() -> None:
    lifted = lift_violations((PRIVILEGED, PLUGINS, CODE), shipped().rules, BROKEN_GLASS)

    assert [violation.action for violation in lifted] == ["audit", "deny", "deny"]
    assert lifted[0].profile == "hardened"


def test_mode_audit_lifts_codes_too() -> None:
    lifted = lift_violations((PRIVILEGED, PLUGINS, CODE), shipped().rules, Enforcement("hardened", "audit"))

    assert [violation.action for violation in lifted] == ["audit", "deny", "audit"]


def test_what_does_not_refuse_stays_as_it_is() -> None:
    waived = Violation("no-privileged", "baseline", "", "waived", "", {}, exception="probe")

    assert lift_violations((waived,), shipped().rules, BROKEN_GLASS) == (waived,)


def test_nothing_is_lifted_where_the_rules_are_enforced() -> None:
    refused = (PRIVILEGED, PLUGINS, CODE)

    assert lift_violations(refused, shipped().rules, Enforcement("hardened", "enforce")) == refused


def test_only_what_is_waived_is_kept() -> None:
    kept = not_enforced.make_waived_facts([DENIED, WAIVED])

    assert kept == [{"rule": "no-privileged", "field": "HostConfig.Privileged", "exception": "admins"}]
    assert not_enforced.make_waived_facts([DENIED]) == []


def test_each_object_and_rule_is_reported_once_where_the_request_names_it() -> None:
    web = {"name": "web", "at": "path.id", "waived": not_enforced.make_waived_facts([WAIVED, WAIVED])}
    used = {"containers": [web, {"name": "old", "at": "HostConfig.VolumesFrom[0]"}], "volumes": [web | {"at": "x"}]}

    reported = list(not_enforced.report_waived(used, policy().rules))

    assert [(each.rule, each.at, each.action, each.exception) for each in reported] == [
        ("no-privileged", "path.id", "waived", "admins"),
        ("no-privileged", "x", "waived", "admins"),
    ]


def test_an_object_may_name_a_rule_that_the_policy_does_not_have() -> None:
    of_nothing = [{"rule": "gone", "field": "", "exception": "admins"}]

    assert (
        list(not_enforced.report_waived({"containers": [{"at": "path.id", "waived": of_nothing}]}, policy().rules))
        == []
    )
