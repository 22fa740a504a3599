"""From outcomes to findings: broken, unknown, fine, or not applicable; what counts and in which order."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from portero.hostcheck.findings import Finding, HostReport, check
from portero.hostcheck.host_rules import HostPolicy, load
from portero.values.merge_patch import merged
from tests.paths import SCHEMAS


@cache
def policy(*folders: Path) -> HostPolicy:
    return load([SCHEMAS, *folders])


def checked(change: Any, profile: str = "hardened", *folders: Path) -> HostReport:
    base = json.loads((SCHEMAS / "base-host.json").read_text())
    document: Any = merged(base, change)
    return check(policy(*folders), document, profile)


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str, str, str]]:
    return [(finding.rule.id, finding.status, finding.at, finding.value) for finding in findings]


def setting(**values: Any) -> Any:
    return {"kernel": {"settings": {f"kernel.{name}": {"value": value} for name, value in values.items()}}}


def test_a_perfect_host_is_clean_in_every_profile() -> None:
    for profile in ("baseline", "hardened", "restricted"):
        report = checked({}, profile)
        assert (profile, report.findings, report.clean) == (profile, (), True)


def test_a_broken_rule_is_found_at_the_place_where_it_was_read() -> None:
    report = checked(setting(kptr_restrict=0))

    assert told(report.findings) == [("kernel-pointers-hidden", "violated", "/proc/sys/kernel/kptr_restrict", "0")]
    assert not report.clean


def test_what_could_not_be_read_is_unknown_and_not_clean() -> None:
    report = checked(setting(kptr_restrict="unknown"))

    assert told(report.findings) == [
        ("kernel-pointers-hidden", "unknown", "/proc/sys/kernel/kptr_restrict", '"unknown"')
    ]
    assert not report.clean


def test_beside_a_broken_fact_an_unknown_one_stays_unknown() -> None:
    net = {"net.ipv4.ip_forward": {"value": 0}, "net.ipv4.conf.all.forwarding": {"value": "unknown"}}

    report = checked({"kernel": {"settings": net}})

    assert told(report.findings) == [
        ("ip-forwarding", "unknown", "/proc/sys/net/ipv4/conf/all/forwarding", '"unknown"'),
        ("ip-forwarding", "violated", "/proc/sys/net/ipv4/ip_forward", "0"),
    ]


def test_a_rule_above_the_profile_is_not_asked() -> None:
    report = checked(setting(kptr_restrict=0), "baseline")

    assert report.findings == ()
    assert "kernel-pointers-hidden" not in report.held


def test_an_advisory_rule_is_told_after_the_others_and_leaves_the_host_clean() -> None:
    swap: Any = {"kernel": {"swap": {"value": ["/dev/sda2"]}}}

    assert checked(swap).clean
    both = checked(merged(swap, setting(kptr_restrict=0)))
    assert [finding.rule.id for finding in both.findings] == ["kernel-pointers-hidden", "no-host-swap"]


def test_the_site_decides_what_a_broken_rule_does(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"actions": {"kernel-pointers-hidden": "off", "no-kexec": "deny"}}')

    report = checked(setting(kptr_restrict=0, kexec_load_disabled=0), "hardened", tmp_path)

    assert [(finding.rule.id, finding.action) for finding in report.findings] == [("no-kexec", "deny")]


def test_without_docker_rules_about_it_do_not_apply() -> None:
    report = checked({"daemon": {"installed": {"value": False}, "icc": {"value": "unknown"}}})

    assert report.clean
    assert "no-inter-container-communication" in report.not_applicable
    assert "kernel-pointers-hidden" in report.held


def test_where_nobody_knows_whether_docker_is_there_its_rules_apply() -> None:
    report = checked({"daemon": {"installed": {"value": "unknown"}, "icc": {"value": "unknown"}}})

    assert [finding.rule.id for finding in report.findings] == ["no-inter-container-communication"]


def test_each_listed_value_that_is_wrong_is_a_finding_of_its_own() -> None:
    report = checked({"access": {"members": {"value": ["alicia", "bob"]}}})

    assert told(report.findings) == [
        ("docker-group-members", "violated", "/etc/group docker", '"alicia"'),
        ("docker-group-members", "violated", "/etc/group docker", '"bob"'),
    ]


def test_a_value_that_is_long_or_many_facts_is_not_shown() -> None:
    registries = checked({"daemon": {"insecureRegistries": {"value": ["registry.example.com"] * 9}}}, "restricted")
    control = checked({"kernel": {"accessControl": {"apparmor": {"value": False}}}})

    assert told(registries.findings) == [("no-insecure-registries", "violated", "GET /info RegistryConfig", "")]
    assert told(control.findings) == [("access-control", "violated", "/sys/kernel/security/lsm", "")]
