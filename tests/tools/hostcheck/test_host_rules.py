"""Loading the rules about the host: whole, or not at all with every fault."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from portero.decide.reading.routes import Routes
from portero.decide.values.errors import LoadError
from portero.decide.values.json_objects import apply_patch
from portero.observe.stores import policy_loader
from portero.tools.hostcheck.host_rules import HostPolicy, HostReport, check, load_rules
from tests.decide.judging.requests import write_files
from tests.decide.policy.test_positions import without_position
from tests.paths import SCHEMAS

RULE = json.loads((SCHEMAS / "host" / "kernel" / "kernel-pointers-hidden.json").read_text())


def site_folder(tmp_path: Path, rule: Any = None, site: Any = None) -> Path:
    files = {"host/own/own-rule.json": rule, "site.json": site}
    return write_files(tmp_path, {name: content for name, content in files.items() if content is not None})


def faults(*folders: Path) -> list[str]:
    return [without_position(fault.partition(".json: ")[2]) for fault in invalid(*folders)]


def invalid(*folders: Path) -> tuple[str, ...]:
    with pytest.raises(LoadError) as broken:
        load_rules(folders)
    return broken.value.faults


def test_a_folder_of_the_site_adds_a_rule_and_actions_may_name_rules_of_both_kinds(tmp_path: Path) -> None:
    actions = {"actions": {"kernel-pointers-hidden": "audit", "no-privileged": "audit"}}
    policy = load_rules([SCHEMAS, site_folder(tmp_path, RULE, actions)])

    assert policy.rules.rules["own-rule"].topic == "own"
    assert policy.about["own-rule"] == "host"
    assert policy.rules.action("kernel-pointers-hidden", "hardened") == "audit"


def test_a_folder_with_rules_about_the_host_alone_is_a_policy_for_serve_too(tmp_path: Path) -> None:
    routes = Routes.load(json.loads((SCHEMAS / "operations.json").read_text()))

    assert "own-rule" not in policy_loader.load_policy([SCHEMAS, site_folder(tmp_path, RULE)], routes.operations).rules


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"operations": ["ContainerCreate"]}, "'operations' is unknown: did you mean 'properties'?"),
        ({"about": "container"}, "about: must be one of host, daemon"),
        ({"about": None}, "'about' is missing"),
        ({"dialect": None}, "'dialect' is missing: add \"dialect\": 2"),
        ({"remedy": {"docker": "drop it"}}, "remedy: 'host' is missing"),
        ({"$schema": "../../rule.json"}, "$schema: write ../../host-rule.json"),
        (
            {"properties": {"kernel": {"$ref": "request#/$defs/name"}}},
            "properties.kernel.$ref: refer to site#/$defs/<key of site.json>",
        ),
        (
            {"properties": {"kernel": {"$ref": "site#/$defs/engine-minimun"}}},
            "properties.kernel.$ref: 'site#/$defs/engine-minimun' does not exist: "
            "did you mean 'site#/$defs/engine-minimum'?",
        ),
        ({"denies": RULE["allows"]}, "denies: 'sysctl kernel.kptr_restrict=1' is allowed as well: keep one of the two"),
    ],
    ids=lambda change: next(iter(change)) if isinstance(change, dict) else "",
)
def test_a_fault_in_a_rule_is_named_with_its_cure(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    rule = {name: value for name, value in {**RULE, **change}.items() if value is not None}

    assert fault in faults(SCHEMAS, site_folder(tmp_path, rule))


def test_an_action_for_no_rule_is_a_fault(tmp_path: Path) -> None:
    found = faults(SCHEMAS, site_folder(tmp_path, site={"actions": {"kernel-pointers-hiden": "off"}}))

    assert found == ["actions: unknown rule 'kernel-pointers-hiden': did you mean 'kernel-pointers-hidden'?"]


def test_the_built_in_folder_must_be_whole_and_have_rules_about_the_host(tmp_path: Path) -> None:
    assert [fault[:10] for fault in invalid(site_folder(tmp_path / "site", RULE))] == [str(tmp_path)[:10]] * 4
    for name in ("rule.json", "host-rule.json", "site.json", "site.schema.json"):
        (tmp_path / name).write_text((SCHEMAS / name).read_text())

    assert f"{tmp_path}/host: holds no rule: restore the rules" in invalid(tmp_path)


@cache
def policy(*folders: Path) -> HostPolicy:
    return load_rules([SCHEMAS, *folders])


def checked(change: Any, profile: str = "hardened", *folders: Path) -> HostReport:
    base = json.loads((SCHEMAS / "base-host.json").read_text())
    document: Any = apply_patch(base, change)
    return check(policy(*folders), document, profile)


def ids(report: HostReport) -> list[str]:
    return [finding.rule.id for finding in report.findings]


def setting(**values: Any) -> Any:
    return {"kernel": {"settings": {f"kernel.{name}": {"value": value} for name, value in values.items()}}}


def test_a_perfect_host_is_clean_in_every_profile() -> None:
    for profile in ("baseline", "hardened", "restricted"):
        report = checked({}, profile)
        assert (profile, report.findings, report.clean) == (profile, (), True)


KPTR = "/proc/sys/kernel/kptr_restrict"
FORWARDING: Any = {"net.ipv4.ip_forward": {"value": 0}, "net.ipv4.conf.all.forwarding": {"value": "unknown"}}


@pytest.mark.parametrize(
    ("change", "profile", "findings"),
    [
        (setting(kptr_restrict=0), "hardened", [("kernel-pointers-hidden", "violated", KPTR, "0")]),
        (setting(kptr_restrict="unknown"), "hardened", [("kernel-pointers-hidden", "unknown", KPTR, '"unknown"')]),
        (
            {"kernel": {"settings": FORWARDING}},
            "hardened",
            [
                ("ip-forwarding", "unknown", "/proc/sys/net/ipv4/conf/all/forwarding", '"unknown"'),
                ("ip-forwarding", "violated", "/proc/sys/net/ipv4/ip_forward", "0"),
            ],
        ),
        (
            {"access": {"members": {"value": ["alicia", "bob"]}}},
            "hardened",
            [("docker-group-members", "violated", "/etc/group docker", f'"{name}"') for name in ("alicia", "bob")],
        ),
        (
            {"daemon": {"insecureRegistries": {"value": ["registry.example.com"] * 9}}},
            "restricted",
            [("no-insecure-registries", "violated", "GET /info RegistryConfig", "")],
        ),
        (
            {"kernel": {"accessControl": {"apparmor": {"value": False}}}},
            "hardened",
            [("access-control", "violated", "/sys/kernel/security/lsm", "")],
        ),
    ],
    ids=["violated", "unknown", "one violated and one unknown", "each listed value", "a long value", "many facts"],
)
def test_a_finding_has_place_and_value_as_read(change: Any, profile: str, findings: list[tuple[str, ...]]) -> None:
    report = checked(change, profile)

    assert [(found.rule.id, found.status, found.at, found.value) for found in report.findings] == findings
    assert not report.clean


def test_a_rule_above_the_profile_is_not_asked() -> None:
    report = checked(setting(kptr_restrict=0), "baseline")

    assert report.findings == ()
    assert "kernel-pointers-hidden" not in report.held


def test_an_advisory_rule_is_told_after_the_others_and_leaves_the_host_clean() -> None:
    swap: Any = {"kernel": {"swap": {"value": ["/dev/sda2"]}}}

    assert checked(swap).clean
    assert ids(checked(apply_patch(swap, setting(kptr_restrict=0)))) == ["kernel-pointers-hidden", "no-host-swap"]


def test_the_site_decides_what_a_broken_rule_does(tmp_path: Path) -> None:
    folder = site_folder(tmp_path, site={"actions": {"kernel-pointers-hidden": "off", "no-kexec": "deny"}})

    report = checked(setting(kptr_restrict=0, kexec_load_disabled=0), "hardened", folder)

    assert [(finding.rule.id, finding.action) for finding in report.findings] == [("no-kexec", "deny")]


def test_rules_about_docker_apply_unless_it_is_known_not_to_be_there() -> None:
    without, unsure = (
        checked({"daemon": {"installed": {"value": value}, "icc": {"value": "unknown"}}})
        for value in (False, "unknown")
    )

    assert without.clean
    assert "no-inter-container-communication" in without.not_applicable
    assert "kernel-pointers-hidden" in without.held
    assert ids(unsure) == ["no-inter-container-communication"]


UNGUARDED = {
    "daemon": {"authorizationPlugins": {"value": []}, "firstPlugin": {"value": ""}},
    "probes": {
        "arrive": {"value": False},
        "CVE-2024-41110": {"value": "unguarded"},
        "CVE-2026-34040": {"value": "unguarded"},
    },
}
WAITING = ["asked-first", "cve-2024-41110-fixed", "cve-2026-34040-fixed", "probes-arrive"]


def test_what_says_nothing_while_another_rule_is_violated_waits_for_it() -> None:
    report = checked(UNGUARDED)

    assert ids(report) == ["guarded-by-portero"]
    assert report.waiting == dict.fromkeys(WAITING, "guarded-by-portero")
    assert not {*WAITING} & {*report.held}


def test_nothing_that_is_enforced_waits_for_what_is_only_reported(tmp_path: Path) -> None:
    report = checked(UNGUARDED, "hardened", site_folder(tmp_path, site={"actions": {"guarded-by-portero": "audit"}}))

    assert {*ids(report)} == {"guarded-by-portero", *WAITING}
    assert report.waiting == {}


def test_a_kernel_without_apparmor_has_no_fine_profile() -> None:
    neither = {"apparmor": {"value": False}, "selinux": {"value": False}}

    report = checked({"kernel": {"accessControl": neither}, "daemon": {"accessControl": neither}})

    assert ids(report) == ["access-control"]
    assert "apparmor-profile-loaded" not in report.held
