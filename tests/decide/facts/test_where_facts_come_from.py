"""Each fact comes from one field of the body, and names it: a body with one field in, the facts that it changes out."""

from collections.abc import Iterator
from typing import Any

import pytest

from portero.decide.facts.collect import collect_facts
from portero.observe.host.fixed_host import FixedHost

HOST = FixedHost()

LIMITS: list[tuple[str, object, dict[str, str]]] = [
    ("OomKillDisable", True, {"oomKillDisable": "OomKillDisable"}),
    ("CgroupParent", "/x", {"cgroupParent": "CgroupParent"}),
    ("Ulimits", [{"Name": "nofile", "Soft": 1, "Hard": 2}], {"ulimits": "Ulimits[0]"}),
    ("RestartPolicy", {"Name": "always"}, {"restartPolicy": "RestartPolicy"}),
    ("Memory", 1, {"limits": "Memory"}),
    ("BlkioWeight", 10, {"blockIO": "BlkioWeight"}),
    ("BlkioDeviceReadBps", [{"Path": "/dev/sda", "Rate": 1}], {"blockIO": "BlkioDeviceReadBps[0]"}),
    ("Devices", [{"PathOnHost": "/dev/sda", "CgroupPermissions": "r"}], {"devices": "Devices[0]"}),
    ("DeviceCgroupRules", ["c 1:1 r"], {"deviceCgroupRules": "DeviceCgroupRules[0]"}),
    ("DeviceRequests", [{"Driver": "nvidia"}], {"deviceRequests": "DeviceRequests[0]"}),
]


def measured(field: str) -> dict[str, str]:
    """Both figures of mounts, where they are in one field."""
    return {"mountCount": field, "mountSize": field}


# Operation and where its fields are; then each field, its value, and the facts that differ from those of an empty body,
# each with the `at` that it has there.
FIELDS: dict[tuple[str, str], list[tuple[str, object, dict[str, str]]]] = {
    ("ContainerCreate", "HostConfig."): [
        ("Privileged", True, {"privileged": "Privileged"}),
        ("CapAdd", ["ALL"], {"capabilities": "CapAdd[0]"}),
        ("CapDrop", ["ALL"], {"capabilities": "CapDrop[0]"}),
        ("SecurityOpt", ["no-new-privileges"], {"noNewPrivileges": "SecurityOpt[0]"}),
        ("MaskedPaths", [], {"maskedPaths": "MaskedPaths"}),
        ("ReadonlyPaths", [], {"readonlyPaths": "ReadonlyPaths"}),
        ("PidMode", "host", {"namespaces": "PidMode"}),
        ("IpcMode", "host", {"namespaces": "IpcMode"}),
        ("UTSMode", "host", {"namespaces": "UTSMode"}),
        ("UsernsMode", "host", {"namespaces": "UsernsMode"}),
        ("CgroupnsMode", "host", {"namespaces": "CgroupnsMode"}),
        ("NetworkMode", "host", dict.fromkeys(("namespaces", "networks", "labelsSize"), "NetworkMode")),
        ("ReadonlyRootfs", True, {"readOnlyRootfs": "ReadonlyRootfs"}),
        ("GroupAdd", ["0"], {"groups": "GroupAdd[0]"}),
        ("Sysctls", {"a": "1"}, {"sysctls": "Sysctls[*]"}),
        ("Runtime", "x", {"runtime": "Runtime"}),
        ("Annotations", {"a": "b"}, {"annotations": "Annotations[*]"}),
        ("ExtraHosts", ["a:1.2.3.4"], {"extraHosts": "ExtraHosts[0]"}),
        *LIMITS,
        ("Binds", ["/a:/b"], {"mounts": "Binds[0]", **measured("Binds")}),
        ("Mounts", [{"Type": "bind", "Source": "/a", "Target": "/b"}], {"mounts": "Mounts[0]", **measured("Mounts")}),
        (
            "Mounts",
            [{"Type": "image", "Source": "a"}],
            {"mounts": "Mounts[0]", "mountedImages": "Mounts[0]", **measured("Mounts")},
        ),
        ("Tmpfs", {"/t": ""}, {"mounts": "Tmpfs[*]", **measured("Tmpfs")}),
        ("VolumesFrom", ["a"], {"volumesFrom": "VolumesFrom[0]", **measured("VolumesFrom")}),
        ("VolumeDriver", "x/y", {"plugins": "VolumeDriver"}),
        ("PortBindings", {"80/tcp": [{}]}, {"ports": "PortBindings[*]", "publishedPorts": "PortBindings"}),
        ("Init", True, {"init": "Init"}),
        ("StorageOpt", {"size": "1G"}, {"layerLimit": "StorageOpt"}),
        ("PublishAllPorts", True, {"publishAllPorts": "PublishAllPorts"}),
        ("LogConfig", {"Type": "x", "Config": {}}, {"plugins": "LogConfig.Type", "log": "LogConfig"}),
    ],
    ("ContainerCreate", ""): [
        ("User", "0:0", {"user": "User", "groups": "User"}),
        ("WorkingDir", "/srv", {"workingDirectory": "WorkingDir"}),
        ("Domainname", "x", {"sysctls": "Domainname"}),
        ("Cmd", ["true"], {"labelsSize": "Cmd"}),
        ("Entrypoint", ["sh"], {"labelsSize": "Entrypoint"}),
        ("Image", "x/y:1", {"image": "Image"}),
        ("Volumes", {"/v": {}}, {"mounts": "Volumes[*]", **measured("Volumes")}),
        ("StopTimeout", 5, {"stopTimeout": "StopTimeout"}),
        ("Healthcheck", {"Test": ["NONE"]}, {"healthcheck": "Healthcheck", "healthcheckSize": "Healthcheck.Test"}),
        ("Env", ["PASSWORD=x"], {"secrets": "Env[0]", "labelsSize": "Env"}),
        ("Labels", {"password": "x"}, {"secrets": "Labels[*]", "labelsSize": "Labels", "labels": "Labels"}),
        (
            "NetworkingConfig",
            {"EndpointsConfig": {"n": {"DriverOpts": {"com.docker.network.endpoint.sysctls": "net.ipv4.x=1"}}}},
            {
                "networks": "NetworkingConfig.EndpointsConfig[*]",
                "sysctls": "NetworkingConfig.EndpointsConfig[*].DriverOpts",
                "labelsSize": "NetworkingConfig.EndpointsConfig",
            },
        ),
    ],
    ("ContainerUpdate", ""): LIMITS,
    ("ServiceCreate", "TaskTemplate.ContainerSpec."): [
        ("CapabilityAdd", ["ALL"], {"capabilities": "CapabilityAdd[0]"}),
        ("CapabilityDrop", ["ALL"], {"capabilities": "CapabilityDrop[0]"}),
        ("Privileges", {"NoNewPrivileges": True}, {"noNewPrivileges": "Privileges.NoNewPrivileges"}),
        ("Mounts", [{"Type": "bind", "Source": "/a", "Target": "/b"}], {"mounts": "Mounts[0]", **measured("Mounts")}),
        (
            "Mounts",
            [{"Type": "IMAGE", "Source": "a"}],
            {"mounts": "Mounts[0]", "mountedImages": "Mounts[0]", **measured("Mounts")},
        ),
        ("Sysctls", {"a": "1"}, {"sysctls": "Sysctls[*]"}),
        ("Groups", ["0"], {"groups": "Groups[0]"}),
        ("User", "0:0", {"groups": "User", "user": "User"}),
        ("Dir", "/srv", {"workingDirectory": "Dir"}),
        ("Command", ["sh"], {"labelsSize": "Command"}),
        ("Args", ["-c"], {"labelsSize": "Args"}),
        ("Ulimits", [{"Name": "nofile", "Soft": 1, "Hard": 2}], {"ulimits": "Ulimits[0]"}),
        ("ReadOnly", True, {"readOnlyRootfs": "ReadOnly"}),
        ("Init", True, {"init": "Init"}),
        ("Image", "x/y:1", {"image": "Image"}),
        ("StopGracePeriod", 5, {"stopTimeout": "StopGracePeriod"}),
        ("Healthcheck", {"Test": ["NONE"]}, {"healthcheck": "Healthcheck", "healthcheckSize": "Healthcheck.Test"}),
        ("Hosts", ["1.2.3.4 a"], {"extraHosts": "Hosts[0]"}),
        ("Env", ["PASSWORD=x"], {"secrets": "Env[0]", "labelsSize": "Env"}),
        ("Labels", {"password": "x"}, {"secrets": "Labels[*]", "labelsSize": "Labels"}),
    ],
    ("ServiceCreate", ""): [
        ("Mode", {"Replicated": {"Replicas": 5}}, {"tasks": "Mode.Replicated.Replicas"}),
        ("Networks", [{"Target": "host"}], {"networks": "Networks[0]"}),
        ("EndpointSpec", {"Ports": [{}]}, {"ports": "EndpointSpec.Ports[0]", "publishedPorts": "EndpointSpec.Ports"}),
        ("Labels", {"password": "x"}, {"secrets": "Labels[*]", "labelsSize": "Labels", "labels": "Labels"}),
    ],
    ("ServiceCreate", "TaskTemplate."): [
        ("Networks", [{"Target": "host"}], {"networks": "Networks[0]"}),
        ("Runtime", "plugin", {"runtime": "Runtime"}),
        ("Resources", {"Limits": {"MemoryBytes": 1}}, {"limits": "Resources.Limits.MemoryBytes"}),
        ("LogDriver", {"Name": "x"}, {"plugins": "LogDriver.Name", "log": "LogDriver"}),
        ("RestartPolicy", {"Condition": "none"}, {"restartPolicy": "RestartPolicy"}),
    ],
    ("ContainerExec", ""): [
        ("User", "0:0", {"user": "User", "groups": "User", "labelsSize": "User"}),
        ("WorkingDir", "/srv", {"workingDirectory": "WorkingDir", "labelsSize": "WorkingDir"}),
        ("Privileged", True, {"privileged": "Privileged"}),
        ("Env", ["PASSWORD=x"], {"secrets": "Env[0]", "labelsSize": "Env"}),
        ("Cmd", ["true"], {"labelsSize": "Cmd"}),
    ],
}


def nested(path: str, value: object) -> Any:
    for name in reversed(path.split(".")):
        value = {name: value}
    return value


def find_at(fact: object) -> Iterator[object]:
    if isinstance(fact, dict):
        for name, value in fact.items():
            yield from (value,) if name == "at" else find_at(value)
    elif isinstance(fact, list):
        for value in fact:
            yield from find_at(value)


def changed(value: Any, empty: Any) -> Any:
    """Of a fact with names (limits, namespaces) only what the field has changed."""
    if not isinstance(empty, dict) or "at" in value:
        return value
    return {name: part for name, part in value.items() if part != empty[name]}


@pytest.mark.parametrize(
    ("operation", "within", "field", "value", "at"),
    [
        pytest.param(operation, within, *row, id=f"{operation} {within}{row[0]}")
        for (operation, within), rows in FIELDS.items()
        for row in rows
    ],
)
def test_a_field_makes_its_facts_and_no_others(
    operation: str, within: str, field: str, value: object, at: dict[str, str]
) -> None:
    empty = collect_facts(operation, None, {}, {}, HOST)
    found = collect_facts(operation, nested(within + field, value), {}, {}, HOST)

    assert {name for name in found if found[name] != empty[name]} == set(at)
    for name, there in at.items():
        assert within + there in find_at(changed(found[name], empty[name]))
