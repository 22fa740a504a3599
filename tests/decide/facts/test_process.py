"""Plain values, groups, and the little languages around a container's process."""

from typing import Any

import pytest

from portero.decide.facts import process
from portero.decide.facts.collect import collect_facts
from portero.decide.values.json_fields import JSON
from portero.observe.host.fixed_host import FixedHost
from tests.cases import cases

OF_PROCESS = [
    *("/proc/self/fd/8", "/proc/self/fd", "/proc//self/./fd/8/", "//proc/self/fd/8", "proc/self/fd/8"),
    *("/proc/thread-self/fd/7", "/proc/1/fd/7", "/proc/self/task/1/fd/7", "/proc/1/root/etc", "/proc/42/cwd"),
    *("/dev/fd/8", "/dev//fd", "/proc/self/fd/8/../../..", "/app/../proc/self/fd/8", "/proc/net/../fd/8"),
    "/dev/x/../fd/8",
    # /sys/class/net/lo/subsystem is a link to /sys/class/net, so that the kernel is at / here.
    "/sys/class/net/lo/subsystem/../../../proc/self/fd/8",
]
ORDINARY = [
    *("", "/", "/app", "/srv/fd", "/srv/proc/self/fd/8", "/app/../srv", "/proc", "/proc/self", "/proc/sys/net"),
    *("/proc/1/net", "/proc/selfish/fd", "/dev/shm", "/dev/fdx/8", "/$HOME"),
]
LABELS: JSON = {"a": "é", "bb": ""}  # 5 bytes
SERVICE = "TaskTemplate.ContainerSpec"
SPEC: dict[str, JSON] = {"Labels": LABELS, "Env": ["A=1", "LONG=12345"]}
FIELDS = {
    "network": "NetworkMode",
    "pid": "PidMode",
    "ipc": "IpcMode",
    "uts": "UTSMode",
    "user": "UsernsMode",
    "cgroup": "CgroupnsMode",
}


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
    found = process.read_healthcheck({"Test": test}, "Healthcheck")

    assert found["healthcheck"] == {"value": value, "at": "Healthcheck"}


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


def test_added_groups_have_their_index_and_numbers_one_spelling() -> None:
    groups = {"audio": "audio", "4": "4", "00": "0", "-0": "0", "9" * 30: "9" * 30, "0x6": "0x6"}

    assert process.read_groups([*groups], "HostConfig.GroupAdd") == [
        {"name": name, "primary": False, "at": f"HostConfig.GroupAdd[{index}]"}
        for index, name in enumerate(groups.values())
    ]


@pytest.mark.parametrize(
    ("user", "groups"),
    [
        *(("1000:disk", ["disk"]), ("1000:6", ["6"]), ("app:+06", ["6"]), ("1000:disk:x", ["disk"])),
        *((":shadow", ["shadow"]), ("", []), ("1000", []), ("disk", []), ("1000:", [])),
    ],
)
def test_the_primary_group_stands_behind_the_colon_or_is_the_images(user: str, groups: list[str]) -> None:
    assert process.read_primary(user, "User") == [{"name": name, "primary": True, "at": "User"} for name in groups]


@pytest.mark.parametrize(
    ("path", "of_process"), [*((path, True) for path in OF_PROCESS), *((path, False) for path in ORDINARY)]
)
def test_a_path_through_what_a_process_has_open_is_found(path: str, of_process: bool) -> None:
    found = process.read_working_directory({"WorkingDir": path}, "WorkingDir", "At")

    assert found == {"value": path, "ofProcess": of_process, "at": "At"}


@pytest.mark.parametrize(("operation", "body", "value", "at"), cases(__file__, "text-sizes.jsonl"))
def test_the_size_of_labels_and_variables(operation: str, body: JSON, value: int, at: str) -> None:
    assert collect_facts(operation, body, {}, {}, FixedHost())["labelsSize"] == {"value": value, "at": at}


@pytest.mark.parametrize(
    ("operation", "spec"),
    [("ContainerCreate", ""), *((name, f"{SERVICE}.") for name in ("ServiceCreate", "ServiceUpdate"))],
)
def test_the_size_of_a_health_check(operation: str, spec: str) -> None:
    check: JSON = {"Healthcheck": {"Test": ["CMD", "true"]}}
    body: Any = {"TaskTemplate": {"ContainerSpec": check}} if spec else check

    assert collect_facts(operation, body, {}, {}, FixedHost())["healthcheckSize"] == {
        "value": 7,
        "at": f"{spec}Healthcheck.Test",
    }


@pytest.mark.parametrize(("namespace", "at", "mode", "container"), cases(__file__, "namespace-modes.jsonl"))
def test_a_mode_is_one_of_the_words(namespace: str, at: str, mode: str, container: str | None) -> None:
    found = process.read_namespaces({FIELDS[namespace]: at})

    assert found[namespace] == {"mode": mode, "container": container, "at": f"HostConfig.{FIELDS[namespace]}"}
