"""What is waived of existing objects is kept with them, and reported once where the request names each."""

from dataclasses import replace

from portero.decide.decision import Violation
from portero.decide.objects.waived_objects import make_waived_facts, report_waived
from tests.decide.policy.test_builtin_rules import policy

DENIED = Violation("no-privileged", "baseline", "HostConfig.Privileged", "deny", "reason", {"docker": "drop it"})
WAIVED = replace(DENIED, action="waived", exception="admins")


def test_only_what_is_waived_is_kept() -> None:
    kept = make_waived_facts([DENIED, WAIVED])

    assert kept == [{"rule": "no-privileged", "field": "HostConfig.Privileged", "exception": "admins"}]
    assert make_waived_facts([DENIED]) == []


def test_each_object_and_rule_is_reported_once_where_the_request_names_it() -> None:
    web = {"name": "web", "at": "path.id", "waived": make_waived_facts([WAIVED, WAIVED])}
    used = {"containers": [web, {"name": "old", "at": "HostConfig.VolumesFrom[0]"}], "volumes": [web | {"at": "x"}]}

    reported = list(report_waived(used, policy().rules))

    assert [(each.rule, each.at, each.action, each.exception) for each in reported] == [
        ("no-privileged", "path.id", "waived", "admins"),
        ("no-privileged", "x", "waived", "admins"),
    ]


def test_an_object_may_name_a_rule_that_the_policy_does_not_have() -> None:
    gone = {"at": "path.id", "waived": [{"rule": "gone", "field": "", "exception": "admins"}]}

    assert list(report_waived({"containers": [gone]}, policy().rules)) == []
