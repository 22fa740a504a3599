"""Plain values, groups, and the little languages around a container's process."""

from typing import Any

import pytest

from portero.facts import process


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ("net.ipv4.ip_forward", "net.ipv4.ip_forward"),
        ("net/ipv4/ip_forward", "net.ipv4.ip_forward"),
        ("NET.IPv4.ip_forward", "net.ipv4.ip_forward"),
        ("/net..ipv4//ip_forward/", "net.ipv4.ip_forward"),
    ],
)
def test_a_sysctl_has_one_name(at: str, name: str) -> None:
    found = process.read_sysctls({at: "1"}, "HostConfig.Sysctls[*]")

    assert found == [{"name": name, "value": "1", "at": "HostConfig.Sysctls[*]"}]


def test_a_domain_name_is_a_sysctl() -> None:
    assert process.read_domain_name("example.com", "Domainname") == [
        {"name": "kernel.domainname", "value": "example.com", "at": "Domainname"}
    ]
    assert process.read_domain_name("", "Domainname") == []


def test_a_grace_period_counts_in_seconds() -> None:
    assert process.read_grace_period({"StopGracePeriod": 1_500_000_000}, "At") == {"value": 1.5, "at": "At"}
    assert process.read_grace_period({}, "At") == {"value": None, "at": "At"}


def test_annotations_are_reported_by_name() -> None:
    found = process.read_annotations({"run.oci.keep_original_groups": "1"}, "HostConfig.Annotations[*]")

    assert found == [{"name": "run.oci.keep_original_groups", "at": "HostConfig.Annotations[*]"}]


@pytest.mark.parametrize(
    ("test", "value"),
    [
        (None, "image"),
        ([], "image"),
        (["NONE"], "none"),
        (["none"], "none"),
        ([""], "none"),
        (["CMD", "/app", "check"], "set"),
        (["CMD-SHELL", "true"], "set"),
    ],
)
def test_a_health_check_is_the_image_s_or_set_or_none(test: Any, value: str) -> None:
    assert process.read_healthcheck({"Test": test}, "Healthcheck") == {"value": value, "at": "Healthcheck"}


@pytest.mark.parametrize(
    ("entry", "name", "address"),
    [
        ("db:10.0.0.1", "db", "10.0.0.1"),
        ("db:::1", "db", "::1"),
        ("host.docker.internal:host-gateway", "host.docker.internal", "host-gateway"),
        ("db", "db", ""),
    ],
)
def test_the_first_colon_separates_a_host_from_its_address(entry: str, name: str, address: str) -> None:
    assert process.read_extra_hosts([entry], "HostConfig.ExtraHosts") == [
        {"name": name, "address": address, "at": "HostConfig.ExtraHosts[0]"}
    ]


def test_a_service_s_hosts_are_lines_of_a_hosts_file() -> None:
    found = process.read_service_hosts(["10.0.0.1 db  db.local", "::1", ""], "Hosts")

    assert found == [
        {"name": "db", "address": "10.0.0.1", "at": "Hosts[0]"},
        {"name": "db.local", "address": "10.0.0.1", "at": "Hosts[0]"},
        {"name": "", "address": "::1", "at": "Hosts[1]"},
        {"name": "", "address": "", "at": "Hosts[2]"},
    ]


@pytest.mark.parametrize("name", ["", "no", "always", "unless-stopped", "on-failure", "ALWAYS"])
def test_a_container_s_restart_policy_is_reported_as_requested(name: str) -> None:
    found = process.read_container_restart({"Name": name, "MaximumRetryCount": 3}, "RestartPolicy")

    assert found == {"name": name, "maximumRetryCount": 3, "at": "RestartPolicy"}


@pytest.mark.parametrize(
    ("condition", "name"), [("", "always"), ("any", "always"), ("none", "no"), ("on-failure", "on-failure"), ("x", "x")]
)
def test_a_service_s_restart_policy_has_a_container_s_words(condition: str, name: str) -> None:
    found = process.read_service_restart({"Condition": condition}, "TaskTemplate.RestartPolicy")

    assert found == {"name": name, "maximumRetryCount": 0, "at": "TaskTemplate.RestartPolicy"}


def test_added_groups_have_their_index() -> None:
    assert process.read_groups(["audio", "4"], "HostConfig.GroupAdd") == [
        {"name": "audio", "primary": False, "at": "HostConfig.GroupAdd[0]"},
        {"name": "4", "primary": False, "at": "HostConfig.GroupAdd[1]"},
    ]


@pytest.mark.parametrize(
    ("user", "name"),
    [("1000:disk", "disk"), ("1000:6", "6"), ("app:+06", "6"), ("1000:disk:x", "disk"), (":shadow", "shadow")],
)
def test_the_primary_group_stands_behind_the_colon(user: str, name: str) -> None:
    assert process.read_primary(user, "User") == [{"name": name, "primary": True, "at": "User"}]


@pytest.mark.parametrize("user", ["", "1000", "disk", "1000:"])
def test_a_user_without_a_group_has_the_image_s(user: str) -> None:
    assert process.read_primary(user, "User") == []


@pytest.mark.parametrize(("group", "name"), [("00", "0"), ("-0", "0"), ("9" * 30, "9" * 30), ("0x6", "0x6")])
def test_numbers_have_one_spelling(group: str, name: str) -> None:
    assert process.read_groups([group], "G") == [{"name": name, "primary": False, "at": "G[0]"}]
