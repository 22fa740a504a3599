"""Values for services: the fields of a ServiceSpec."""

import random
from collections.abc import Mapping

from portero.types import JSON

from .pools import (
    CAPABILITIES,
    CONFIG,
    HEALTHCHECK,
    LABELS,
    MOUNT,
    SYSCTLS,
    ULIMIT,
    Make,
    fields,
    number,
    pick,
    some,
    text_map,
)

_SECCOMP = fields(
    1,
    2,
    {
        "Mode": pick("", "default", "unconfined", "custom", "Unconfined"),
        "Profile": pick("", "e30=", "dW5jb25maW5lZA=="),
    },
)
_PRIVILEGES = fields(
    1,
    3,
    {
        "SELinuxContext": fields(1, 2, {"Disable": pick(True, False), "User": pick("u"), "Type": pick("t")}),
        "Seccomp": _SECCOMP,
        "AppArmor": fields(1, 1, {"Mode": pick("", "default", "disabled")}),
        "NoNewPrivileges": pick(True, False),
        "CredentialSpec": fields(1, 1, {"File": pick("x"), "Registry": pick("y"), "Config": pick("z")}),
    },
)
SPEC: Mapping[str, Make] = {
    "Labels": pick(*LABELS),
    "Command": pick(["sleep", "9"], [], ["a"]),
    "Args": pick(["x"], []),
    "Hostname": pick("", "web", "{{.Node.Hostname}}"),
    "Env": CONFIG["Env"],
    "Dir": pick("", "/x"),
    "User": CONFIG["User"],
    "Groups": some(pick("0", "docker", "+6")),
    "Privileges": _PRIVILEGES,
    "Init": pick(True, False),
    "StopSignal": pick("", "SIGTERM"),
    "TTY": pick(True, False),
    "OpenStdin": pick(True, False),
    "ReadOnly": pick(True, False),
    "Mounts": some(MOUNT, 2),
    "StopGracePeriod": pick(0, 10**9, -1),
    "Healthcheck": HEALTHCHECK,
    "Hosts": some(pick("1.2.3.4 a", "1.2.3.4 a b", "x")),
    "DNSConfig": fields(0, 2, {"Nameservers": some(pick("1.1.1.1")), "Search": some(pick("x"))}),
    "Isolation": pick("", "default"),
    "Sysctls": text_map(SYSCTLS, ["1", "0"]),
    "CapabilityAdd": some(pick(*CAPABILITIES)),
    "CapabilityDrop": some(pick(*CAPABILITIES)),
    "Ulimits": some(ULIMIT, 2),
    "OomScoreAdj": pick(0, -100, 100),
}
TASK: Mapping[str, Make] = {
    "Resources": fields(
        1,
        3,
        {
            "Limits": fields(
                0, 3, {"NanoCPUs": pick(0, 10**9, 9999), "MemoryBytes": pick(0, 67108864), "Pids": pick(0, 100, -1)}
            ),
            "Reservations": fields(0, 2, {"NanoCPUs": pick(0, 10**6), "MemoryBytes": pick(0, 6291456)}),
            "SwapBytes": pick(0, -1, 67108864),
            "MemorySwappiness": pick(-1, 0, 60),
        },
    ),
    "RestartPolicy": fields(
        1,
        3,
        {
            "Condition": pick("", "none", "any", "on-failure", "x"),
            "Delay": pick(0, 10**9),
            "MaxAttempts": number(0, 3),
            "Window": pick(0, 10**9),
        },
    ),
    "Placement": fields(
        1, 2, {"Constraints": some(pick("node.role==manager", "node.labels.a==b")), "MaxReplicas": pick(0, 1)}
    ),
    "Networks": some(
        fields(
            1,
            3,
            {
                "Target": pick("host", "other", "bridge", "none"),
                "Aliases": some(pick("a")),
                "DriverOpts": text_map(["com.docker.network.endpoint.sysctls"], ["net.ipv4.conf.IFNAME.forwarding=1"]),
            },
        ),
        1,
    ),
    "LogDriver": fields(
        1,
        2,
        {
            "Name": pick("", "json-file", "syslog", "none"),
            "Options": text_map(["max-size", "tag", "syslog-address"], ["10m", "x", "udp://127.0.0.1:514"]),
        },
    ),
    "ForceUpdate": pick(0, 1),
    "Runtime": pick("", "container", "plugin", "x"),
}
SERVICE: Mapping[str, Make] = {
    "Labels": pick(*LABELS),
    "Mode": pick(
        {},
        {"Replicated": {"Replicas": 1}},
        {"Replicated": {"Replicas": 0}},
        {"Global": {}},
        {"ReplicatedJob": {"MaxConcurrent": 1}},
        {"GlobalJob": {}},
        {"Replicated": {}, "Global": {}},
    ),
    "UpdateConfig": fields(
        1,
        3,
        {
            "Parallelism": pick(0, 1),
            "Delay": pick(0, 10**9),
            "FailureAction": pick("", "pause", "rollback"),
            "MaxFailureRatio": pick(0, 0.5),
            "Order": pick("", "start-first"),
        },
    ),
    "EndpointSpec": fields(
        1,
        2,
        {
            "Mode": pick("", "vip", "dnsrr"),
            "Ports": some(
                fields(
                    1,
                    4,
                    {
                        "Name": pick("", "x"),
                        "Protocol": pick("", "tcp", "udp"),
                        "TargetPort": number(80, 443),
                        "PublishedPort": number(0, 8080),
                        "PublishMode": pick("", "host", "ingress"),
                    },
                ),
                2,
            ),
        },
    ),
}


def make_service(choose: random.Random, name: str) -> JSON:
    """A ServiceSpec; most run nothing."""
    few = choose.choice((0, 1, 2, 4))
    spec = {"Image": "busybox", **{field: SPEC[field](choose) for field in choose.sample([*SPEC], few)}}
    task: dict[str, JSON] = {"ContainerSpec": spec}
    task |= {field: TASK[field](choose) for field in choose.sample([*TASK], choose.choice((0, 0, 1, 2)))}
    rest = {field: SERVICE[field](choose) for field in choose.sample([*SERVICE], choose.choice((0, 1, 1, 2)))}
    return {"Name": name, "TaskTemplate": task, **rest}
