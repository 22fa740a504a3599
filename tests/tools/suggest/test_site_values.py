"""The site value that would make a violation legal."""

from typing import Any

import pytest

from portero.tools.suggest.site_values import SiteValue, list_keys
from tests.tools.suggest.refused import denied, finder, judge

JUDGE = judge()
FINDER = finder(JUDGE)


def found(rule: str, **host_config: Any) -> SiteValue | None:
    document, denials = denied(JUDGE, **host_config)
    (violation,) = [each for each in denials if each.rule == rule]
    return FINDER.find_value(violation, document)


@pytest.mark.parametrize(
    ("rule", "asked", "value"),
    [
        ("memory-limit", {"Memory": 4 << 30, "MemorySwap": 4 << 30}, SiteValue("memory-max", "4g")),
        ("cpu-limit", {"NanoCpus": 2_500_000_000}, SiteValue("cpus-max", 2.5)),
        ("pids-limit", {"PidsLimit": 5000}, SiteValue("pids-max", 5000)),
        ("runtimes", {"Runtime": "nvidia"}, SiteValue("runtimes", "nvidia")),
        ("sysctls", {"Sysctls": {"kernel.threads-max": "1024"}}, SiteValue("sysctls", "kernel.threads-max")),
        ("bind-sources-listed", {"Binds": ["/srv/d:/d"]}, SiteValue("bind-sources-writable", "/srv/d")),
        (
            "devices-listed",
            {"Devices": [{"PathOnHost": "/dev/kvm", "PathInContainer": "/dev/kvm", "CgroupPermissions": "wr"}]},
            SiteValue("devices", {"path": "/dev/kvm", "permissions": "rw"}),
        ),
    ],
)
def test_the_value_is_the_one_that_was_asked_for(rule: str, asked: dict[str, Any], value: SiteValue) -> None:
    assert found(rule, **asked) == value


def test_what_was_not_asked_for_has_no_value() -> None:
    assert found("memory-limit", Memory=0, MemorySwap=0) is None


def test_a_path_that_a_baseline_rule_refuses_is_no_value() -> None:
    assert found("no-sensitive-paths", Binds=["/etc:/e"]) is None


def test_a_value_that_site_json_does_not_take_is_none() -> None:
    assert found("runtimes", Runtime="a b") is None


def test_a_list_keeps_its_entries_and_a_number_is_replaced() -> None:
    wider = FINDER.widen(SiteValue("runtimes", "nvidia"), JUDGE.policy.site)

    assert wider["runtimes"] == [*JUDGE.policy.site["runtimes"], "nvidia"]  # type: ignore[misc]
    assert FINDER.widen(SiteValue("pids-max", 7), wider)["pids-max"] == 7


def test_the_keys_are_those_that_the_rule_names() -> None:
    assert list_keys(JUDGE.policy.rules["open-files-limit"]) == ["nofile-soft-max", "nofile-hard-max"]
