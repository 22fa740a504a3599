"""Each fact comes from one field of the body, and names it: a body with one field in, the facts that it changes out."""

from collections.abc import Iterator
from typing import Any

import pytest

from portero import facts
from portero.host.fixed_host import FixedHost

HOST = FixedHost()

# Operation, field, its value; the facts that differ from those of an empty body, each with the `at` that it has.
FIELDS: list[tuple[str, str, object, dict[str, str]]] = [
    ("ContainerCreate", "HostConfig.Privileged", True, {"privileged": "HostConfig.Privileged"}),
    ("ContainerCreate", "HostConfig.CapAdd", ["ALL"], {"capabilities": "HostConfig.CapAdd[0]"}),
    ("ContainerCreate", "HostConfig.CapDrop", ["ALL"], {"capabilities": "HostConfig.CapDrop[0]"}),
    (
        "ContainerCreate",
        "HostConfig.SecurityOpt",
        ["no-new-privileges"],
        {"noNewPrivileges": "HostConfig.SecurityOpt[0]"},
    ),
    ("ContainerCreate", "HostConfig.MaskedPaths", [], {"maskedPaths": "HostConfig.MaskedPaths"}),
    ("ContainerCreate", "HostConfig.ReadonlyPaths", [], {"readonlyPaths": "HostConfig.ReadonlyPaths"}),
    ("ContainerCreate", "HostConfig.PidMode", "host", {"namespaces": "HostConfig.PidMode"}),
    ("ContainerCreate", "HostConfig.IpcMode", "host", {"namespaces": "HostConfig.IpcMode"}),
    ("ContainerCreate", "HostConfig.UTSMode", "host", {"namespaces": "HostConfig.UTSMode"}),
    ("ContainerCreate", "HostConfig.UsernsMode", "host", {"namespaces": "HostConfig.UsernsMode"}),
    ("ContainerCreate", "HostConfig.CgroupnsMode", "host", {"namespaces": "HostConfig.CgroupnsMode"}),
    (
        "ContainerCreate",
        "HostConfig.NetworkMode",
        "host",
        {"namespaces": "HostConfig.NetworkMode", "networks": "HostConfig.NetworkMode"},
    ),
    ("ContainerCreate", "HostConfig.ReadonlyRootfs", True, {"readOnlyRootfs": "HostConfig.ReadonlyRootfs"}),
    ("ContainerCreate", "User", "0:0", {"user": "User", "groups": "User"}),
    ("ContainerCreate", "WorkingDir", "/srv", {"workingDirectory": "WorkingDir"}),
    ("ContainerCreate", "HostConfig.GroupAdd", ["0"], {"groups": "HostConfig.GroupAdd[0]"}),
    ("ContainerCreate", "HostConfig.Sysctls", {"a": "1"}, {"sysctls": "HostConfig.Sysctls[*]"}),
    ("ContainerCreate", "Domainname", "x", {"sysctls": "Domainname"}),
    ("ContainerCreate", "HostConfig.Runtime", "x", {"runtime": "HostConfig.Runtime"}),
    ("ContainerCreate", "HostConfig.Annotations", {"a": "b"}, {"annotations": "HostConfig.Annotations[*]"}),
    ("ContainerCreate", "HostConfig.ExtraHosts", ["a:1.2.3.4"], {"extraHosts": "HostConfig.ExtraHosts[0]"}),
    ("ContainerCreate", "HostConfig.OomKillDisable", True, {"oomKillDisable": "HostConfig.OomKillDisable"}),
    ("ContainerCreate", "HostConfig.CgroupParent", "/x", {"cgroupParent": "HostConfig.CgroupParent"}),
    (
        "ContainerCreate",
        "HostConfig.Ulimits",
        [{"Name": "nofile", "Soft": 1, "Hard": 2}],
        {"ulimits": "HostConfig.Ulimits[0]"},
    ),
    ("ContainerCreate", "HostConfig.RestartPolicy", {"Name": "always"}, {"restartPolicy": "HostConfig.RestartPolicy"}),
    ("ContainerCreate", "HostConfig.Memory", 1, {"limits": "HostConfig.Memory"}),
    ("ContainerCreate", "HostConfig.BlkioWeight", 10, {"blockIO": "HostConfig.BlkioWeight"}),
    (
        "ContainerCreate",
        "HostConfig.BlkioDeviceReadBps",
        [{"Path": "/dev/sda", "Rate": 1}],
        {"blockIO": "HostConfig.BlkioDeviceReadBps[0]"},
    ),
    ("ContainerCreate", "Image", "x/y:1", {"image": "Image"}),
    ("ContainerCreate", "HostConfig.Binds", ["/a:/b"], {"mounts": "HostConfig.Binds[0]"}),
    (
        "ContainerCreate",
        "HostConfig.Mounts",
        [{"Type": "bind", "Source": "/a", "Target": "/b"}],
        {"mounts": "HostConfig.Mounts[0]"},
    ),
    (
        "ContainerCreate",
        "HostConfig.Mounts",
        [{"Type": "image", "Source": "app:1", "Target": "/b"}],
        {"mounts": "HostConfig.Mounts[0]", "mountedImages": "HostConfig.Mounts[0]"},
    ),
    ("ContainerCreate", "HostConfig.Tmpfs", {"/t": ""}, {"mounts": "HostConfig.Tmpfs[*]"}),
    ("ContainerCreate", "Volumes", {"/v": {}}, {"mounts": "Volumes[*]"}),
    ("ContainerCreate", "HostConfig.VolumesFrom", ["a"], {"volumesFrom": "HostConfig.VolumesFrom[0]"}),
    ("ContainerCreate", "HostConfig.VolumeDriver", "x/y", {"plugins": "HostConfig.VolumeDriver"}),
    (
        "ContainerCreate",
        "HostConfig.Devices",
        [{"PathOnHost": "/dev/sda", "PathInContainer": "/dev/sda", "CgroupPermissions": "r"}],
        {"devices": "HostConfig.Devices[0]"},
    ),
    (
        "ContainerCreate",
        "HostConfig.DeviceCgroupRules",
        ["c 1:1 r"],
        {"deviceCgroupRules": "HostConfig.DeviceCgroupRules[0]"},
    ),
    (
        "ContainerCreate",
        "HostConfig.DeviceRequests",
        [{"Driver": "nvidia"}],
        {"deviceRequests": "HostConfig.DeviceRequests[0]"},
    ),
    (
        "ContainerCreate",
        "HostConfig.PortBindings",
        {"80/tcp": [{"HostPort": "80"}]},
        {"ports": "HostConfig.PortBindings[*]", "publishedPorts": "HostConfig.PortBindings"},
    ),
    ("ContainerCreate", "StopTimeout", 5, {"stopTimeout": "StopTimeout"}),
    ("ContainerCreate", "HostConfig.PublishAllPorts", True, {"publishAllPorts": "HostConfig.PublishAllPorts"}),
    (
        "ContainerCreate",
        "HostConfig.LogConfig",
        {"Type": "x", "Config": {}},
        {"plugins": "HostConfig.LogConfig.Type", "log": "HostConfig.LogConfig"},
    ),
    ("ContainerCreate", "Healthcheck", {"Test": ["NONE"]}, {"healthcheck": "Healthcheck"}),
    ("ContainerCreate", "Env", ["PASSWORD=x"], {"secrets": "Env[0]"}),
    ("ContainerCreate", "Labels", {"password": "x"}, {"secrets": "Labels[*]"}),
    (
        "ContainerCreate",
        "NetworkingConfig",
        {"EndpointsConfig": {"n": {"DriverOpts": {"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.x=1"}}}},
        {
            "networks": "NetworkingConfig.EndpointsConfig[*]",
            "sysctls": "NetworkingConfig.EndpointsConfig[*].DriverOpts",
        },
    ),
    ("ContainerUpdate", "OomKillDisable", True, {"oomKillDisable": "OomKillDisable"}),
    ("ContainerUpdate", "CgroupParent", "/x", {"cgroupParent": "CgroupParent"}),
    ("ContainerUpdate", "Ulimits", [{"Name": "nofile", "Soft": 1, "Hard": 2}], {"ulimits": "Ulimits[0]"}),
    ("ContainerUpdate", "RestartPolicy", {"Name": "always"}, {"restartPolicy": "RestartPolicy"}),
    ("ContainerUpdate", "Memory", 1, {"limits": "Memory"}),
    ("ContainerUpdate", "BlkioWeight", 10, {"blockIO": "BlkioWeight"}),
    ("ContainerUpdate", "BlkioDeviceReadBps", [{"Path": "/dev/sda", "Rate": 1}], {"blockIO": "BlkioDeviceReadBps[0]"}),
    (
        "ContainerUpdate",
        "Devices",
        [{"PathOnHost": "/dev/sda", "PathInContainer": "/dev/sda", "CgroupPermissions": "r"}],
        {"devices": "Devices[0]"},
    ),
    ("ContainerUpdate", "DeviceCgroupRules", ["c 1:1 r"], {"deviceCgroupRules": "DeviceCgroupRules[0]"}),
    ("ContainerUpdate", "DeviceRequests", [{"Driver": "nvidia"}], {"deviceRequests": "DeviceRequests[0]"}),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.CapabilityAdd",
        ["ALL"],
        {"capabilities": "TaskTemplate.ContainerSpec.CapabilityAdd[0]"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.CapabilityDrop",
        ["ALL"],
        {"capabilities": "TaskTemplate.ContainerSpec.CapabilityDrop[0]"},
    ),
    ("ServiceCreate", "Mode", {"Replicated": {"Replicas": 5}}, {"tasks": "Mode.Replicated.Replicas"}),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.Privileges",
        {"NoNewPrivileges": True},
        {"noNewPrivileges": "TaskTemplate.ContainerSpec.Privileges.NoNewPrivileges"},
    ),
    ("ServiceCreate", "TaskTemplate.Networks", [{"Target": "host"}], {"networks": "TaskTemplate.Networks[0]"}),
    ("ServiceCreate", "Networks", [{"Target": "host"}], {"networks": "Networks[0]"}),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.Mounts",
        [{"Type": "bind", "Source": "/a", "Target": "/b"}],
        {"mounts": "TaskTemplate.ContainerSpec.Mounts[0]"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.Mounts",
        [{"Type": "IMAGE", "Source": "app:1", "Target": "/b"}],
        {
            "mounts": "TaskTemplate.ContainerSpec.Mounts[0]",
            "mountedImages": "TaskTemplate.ContainerSpec.Mounts[0]",
        },
    ),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.Sysctls",
        {"a": "1"},
        {"sysctls": "TaskTemplate.ContainerSpec.Sysctls[*]"},
    ),
    ("ServiceCreate", "TaskTemplate.Runtime", "plugin", {"runtime": "TaskTemplate.Runtime"}),
    ("ServiceCreate", "TaskTemplate.ContainerSpec.Groups", ["0"], {"groups": "TaskTemplate.ContainerSpec.Groups[0]"}),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.User",
        "0:0",
        {"groups": "TaskTemplate.ContainerSpec.User", "user": "TaskTemplate.ContainerSpec.User"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.Dir",
        "/srv",
        {"workingDirectory": "TaskTemplate.ContainerSpec.Dir"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.Resources",
        {"Limits": {"MemoryBytes": 1}},
        {"limits": "TaskTemplate.Resources.Limits.MemoryBytes"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.Ulimits",
        [{"Name": "nofile", "Soft": 1, "Hard": 2}],
        {"ulimits": "TaskTemplate.ContainerSpec.Ulimits[0]"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.ReadOnly",
        True,
        {"readOnlyRootfs": "TaskTemplate.ContainerSpec.ReadOnly"},
    ),
    ("ServiceCreate", "TaskTemplate.ContainerSpec.Image", "x/y:1", {"image": "TaskTemplate.ContainerSpec.Image"}),
    (
        "ServiceCreate",
        "EndpointSpec",
        {"Ports": [{"PublishedPort": 80, "TargetPort": 80}]},
        {"ports": "EndpointSpec.Ports[0]", "publishedPorts": "EndpointSpec.Ports"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.StopGracePeriod",
        5,
        {"stopTimeout": "TaskTemplate.ContainerSpec.StopGracePeriod"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.LogDriver",
        {"Name": "x"},
        {"plugins": "TaskTemplate.LogDriver.Name", "log": "TaskTemplate.LogDriver"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.RestartPolicy",
        {"Condition": "none"},
        {"restartPolicy": "TaskTemplate.RestartPolicy"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.Healthcheck",
        {"Test": ["NONE"]},
        {"healthcheck": "TaskTemplate.ContainerSpec.Healthcheck"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.Hosts",
        ["1.2.3.4 a"],
        {"extraHosts": "TaskTemplate.ContainerSpec.Hosts[0]"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.Env",
        ["PASSWORD=x"],
        {"secrets": "TaskTemplate.ContainerSpec.Env[0]"},
    ),
    (
        "ServiceCreate",
        "TaskTemplate.ContainerSpec.Labels",
        {"password": "x"},
        {"secrets": "TaskTemplate.ContainerSpec.Labels[*]"},
    ),
    ("ServiceCreate", "Labels", {"password": "x"}, {"secrets": "Labels[*]"}),
    ("ContainerExec", "User", "0:0", {"user": "User", "groups": "User"}),
    ("ContainerExec", "WorkingDir", "/srv", {"workingDirectory": "WorkingDir"}),
    ("ContainerExec", "Privileged", True, {"privileged": "Privileged"}),
    ("ContainerExec", "Env", ["PASSWORD=x"], {"secrets": "Env[0]"}),
]


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
    ("operation", "field", "value", "at"), FIELDS, ids=[f"{operation} {field}" for operation, field, *_ in FIELDS]
)
def test_a_field_makes_its_facts_and_no_others(operation: str, field: str, value: object, at: dict[str, str]) -> None:
    empty = facts.collect_facts(operation, None, {}, {}, HOST)
    found = facts.collect_facts(operation, nested(field, value), {}, {}, HOST)

    assert {name for name in found if found[name] != empty[name]} == set(at)
    for name, there in at.items():
        assert there in find_at(changed(found[name], empty[name]))
