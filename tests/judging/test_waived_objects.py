"""What exceptions waive of existing objects is kept in the document and reported once for each object and rule."""

from dataclasses import replace

from portero.decision import Violation
from portero.judging import waived_objects
from tests.policy.test_builtin_rules import policy

DENIED = Violation("no-privileged", "baseline", "HostConfig.Privileged", "deny", "reason", {"docker": "drop it"})
WAIVED = replace(DENIED, action="waived", exception="admins")


def test_only_what_is_waived_is_kept() -> None:
    kept = waived_objects.make_facts([DENIED, WAIVED])

    assert kept == [{"rule": "no-privileged", "field": "HostConfig.Privileged", "exception": "admins"}]
    assert waived_objects.make_facts([DENIED]) == []


def test_each_object_and_rule_is_reported_once_where_the_request_names_it() -> None:
    web = {"name": "web", "at": "path.id", "waived": waived_objects.make_facts([WAIVED, WAIVED])}
    used = {"containers": [web, {"name": "old", "at": "HostConfig.VolumesFrom[0]"}], "volumes": [web | {"at": "x"}]}

    reported = list(waived_objects.report(used, policy().rules))

    assert [(each.rule, each.at, each.action, each.exception) for each in reported] == [
        ("no-privileged", "path.id", "waived", "admins"),
        ("no-privileged", "x", "waived", "admins"),
    ]


def test_an_object_may_name_a_rule_that_the_policy_does_not_have() -> None:
    of_nothing = [{"rule": "gone", "field": "", "exception": "admins"}]

    assert list(waived_objects.report({"containers": [{"at": "path.id", "waived": of_nothing}]}, policy().rules)) == []
