"""What refuses nothing: lifted in mode audit and by a break-glass token, waived of existing objects."""

from dataclasses import replace

import pytest

from portero.decision import Violation, make_refusal
from portero.judging import not_enforced
from portero.judging.enforcement import Enforcement
from portero.judging.not_enforced import lift_violations
from tests.judging.test_proposal import shipped
from tests.policy.test_builtin_rules import policy

PRIVILEGED = Violation("no-privileged", "baseline", "", "deny", "", {})
PLUGINS = Violation("no-plugin-changes", "baseline", "", "deny", "", {}, protects=True)
CODE = make_refusal("body-undecodable", "")
BROKEN_GLASS = Enforcement("hardened", "audit", breaks_glass=True)
DENIED = Violation("no-privileged", "baseline", "HostConfig.Privileged", "deny", "reason", {"docker": "drop it"})
WAIVED = replace(DENIED, action="waived", exception="admins")


@pytest.mark.parametrize(
    ("enforcement", "actions"),
    [
        pytest.param(
            BROKEN_GLASS, ["audit", "deny", "deny", "waived"], id="rules by break-glass, but no self-protection"
        ),
        pytest.param(
            Enforcement("hardened", "audit"), ["audit", "deny", "audit", "waived"], id="codes by mode audit too"
        ),
        pytest.param(Enforcement("hardened", "enforce"), ["deny", "deny", "deny", "waived"], id="nothing otherwise"),
    ],
)
def test_there_are_lifted(enforcement: Enforcement, actions: list[str]) -> None:
    lifted = lift_violations((PRIVILEGED, PLUGINS, CODE, WAIVED), shipped().rules, enforcement)

    assert [violation.action for violation in lifted] == actions
    assert lifted[0].profile == ("" if actions[0] == "deny" else "hardened")
    assert lifted[-1] == WAIVED


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
    gone = {"at": "path.id", "waived": [{"rule": "gone", "field": "", "exception": "admins"}]}

    assert list(not_enforced.report_waived({"containers": [gone]}, policy().rules)) == []
