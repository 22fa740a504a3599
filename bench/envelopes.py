"""The requests that the bench asks: what dockerd would post to a plugin, with the answer that is due."""

import base64
import itertools
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from client import NAME

_CREATE = f"/v1.45/containers/create?name={NAME.decode()}"
_CONTAINER = f"/v1.45/containers/{NAME.decode()}"
_JSON = {"Content-Type": "application/json"}
_CLIENT = {"User-Agent": "Docker-Client/26.1.5 (linux)"}


@dataclass(frozen=True, slots=True)
class BenchRequest:
    """One AuthZReq as HTTP, and the AuthZRes that follows it when it is allowed."""

    name: str
    data: bytes
    result: bytes
    allowed: bool


def requests() -> list[BenchRequest]:
    """From the cheapest to the dearest."""
    return [
        request("ping", "HEAD", "/_ping", None, allowed=True),
        request("list", "GET", "/v1.45/containers/json?all=1", None, allowed=True),
        create("create, 3 KB", 2_000),
        create("create, one reason", 2_000, Privileged=True),
        create("create, all reasons", 2_000, **_EVERYTHING_WRONG),
        create("create, 1 MB", 1_000_000),
    ]


def counted() -> list[BenchRequest]:
    """Those whose instructions are counted, from the cheapest to the dearest."""
    ping, listing, *creates = requests()
    return [
        ping,
        listing,
        request("exec", "POST", f"{_CONTAINER}/exec", _EXEC, allowed=True),
        request("start", "POST", f"{_CONTAINER}/start", None, allowed=True),
        request("create, 300 B", "POST", _CREATE, _SMALL, allowed=True),
        *creates,
    ]


def mixed() -> list[BenchRequest]:
    """What passes by on a host in use: mostly looking, now and then a container."""
    ping, listing, creating, *_ = requests()
    inspect = request("inspect", "GET", "/v1.45/containers/web/json", None, allowed=True)
    return [ping, listing, inspect, ping, listing, inspect, ping, listing, inspect, creating]


def varied(chance: random.Random) -> Iterator[BenchRequest]:
    """Mixed traffic without end, no two alike: what is read, created, refused, unknown and malformed."""
    for number in itertools.count():
        name = f"web-{number}"
        image = f"registry.example.com/shop/{name}:1.4.2"
        kind = chance.random()
        if kind < 0.4:
            yield request("inspect", "GET", f"/v1.45/containers/{name}/json?size={number}", None, allowed=True)
        elif kind < 0.7:
            yield request("list", "GET", f"/v1.45/containers/json?limit={number}", None, allowed=True)
        elif kind < 0.9:
            body = container(chance.randrange(4_000), Memory=134217728 + 4096 * (number % 9999)) | {"Image": image}
            yield request("create", "POST", f"/v1.45/containers/create?name={name}", body, allowed=True)
        elif kind < 0.96:
            body = container(0, **{**_EVERYTHING_WRONG, "Binds": [f"/srv/{name}:/srv"]}) | {"Image": image}
            yield request("refused", "POST", f"/v1.45/containers/create?name={name}", body, allowed=False)
        elif kind < 0.98:
            yield request("unknown", "POST", f"/v1.45/{name}", {name: number}, allowed=False)
        else:
            malformed = {"RequestMethod": "POST", "RequestUri": f"/v1.45/containers/create?name={name}", "User": name}
            yield BenchRequest("malformed", post("AuthZPlugin.AuthZReq", malformed), b"", allowed=False)


def create(name: str, padding: int, mounts: int = 0, **host: object) -> BenchRequest:
    """A create of about so many bytes, with so many more mounts; `host`: further fields of its HostConfig."""
    body = container(padding, **({"Mounts": [_mount(number) for number in range(mounts)]} if mounts else {}), **host)
    return request(name, "POST", _CREATE, body, allowed=not host)


def _mount(number: int) -> dict[str, object]:
    return {"Type": "bind", "Source": "/etc/localtime", "Target": f"/mnt/{number}", "ReadOnly": True}


def request(name: str, method: str, uri: str, body: Mapping[str, object] | None, *, allowed: bool) -> BenchRequest:
    envelope: dict[str, object] = {"RequestMethod": method, "RequestUri": uri, "RequestHeaders": _CLIENT}
    if body is not None:
        # As Docker's clients write it.
        text = json.dumps(body, separators=(",", ":")).encode() + b"\n"
        envelope["RequestBody"] = base64.b64encode(text).decode()
        envelope["RequestHeaders"] = _CLIENT | _JSON | {"Content-Length": str(len(text))}
    answered = envelope | {"ResponseStatusCode": 200, "ResponseBody": base64.b64encode(b"[]").decode()}
    return BenchRequest(name, post("AuthZPlugin.AuthZReq", envelope), post("AuthZPlugin.AuthZRes", answered), allowed)


def post(call: str, document: dict[str, object] | None = None) -> bytes:
    """A call of the plugin protocol, as dockerd's client words it."""
    # As Go writes it.
    data = b"" if document is None else json.dumps(document, separators=(",", ":")).encode()
    head = (
        f"POST /{call} HTTP/1.1\r\nHost: plugin.moby.localhost\r\nUser-Agent: Go-http-client/1.1\r\n"
        f"Content-Length: {len(data)}\r\nAccept: application/vnd.docker.plugins.v1.2+json\r\n\r\n"
    )
    return head.encode() + data


_EXEC = {
    "User": "1000",
    "Privileged": False,
    "Tty": False,
    "AttachStdin": False,
    "AttachStdout": True,
    "AttachStderr": True,
    "Env": None,
    "WorkingDir": "",
    "Cmd": ["id"],
}
_SMALL = {
    "Image": "busybox:1.36",
    "User": "1000:1000",
    "Cmd": ["sleep", "60"],
    "HostConfig": {
        "Memory": 268435456,
        "MemorySwap": 268435456,
        "NanoCpus": 500000000,
        "PidsLimit": 100,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "ReadonlyRootfs": True,
        "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 4096}],
    },
}
_EVERYTHING_WRONG: dict[str, Any] = {
    "Privileged": True,
    "PidMode": "host",
    "IpcMode": "host",
    "NetworkMode": "host",
    "UTSMode": "host",
    "UsernsMode": "host",
    "CapAdd": ["SYS_ADMIN", "NET_ADMIN"],
    "CapDrop": [],
    "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"],
    "Binds": ["/:/host", "/var/run/docker.sock:/var/run/docker.sock"],
    "Memory": 0,
    "MemorySwap": 0,
    "NanoCpus": 0,
    "PidsLimit": -1,
    "ReadonlyRootfs": False,
    "Ulimits": [],
}


def container(padding: int, **host: object) -> dict[str, object]:
    """What `docker run` sends for an ordinary container, with labels that make it as large as wanted."""
    labels = {f"com.example.label-{number}": "x" * 72 for number in range(padding // 100)}
    return {
        "Hostname": "",
        "User": "10001:10001",
        "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "PORT=8080"],
        "Cmd": ["serve", "--port", "8080"],
        "Image": "registry.example.com/shop/web:1.4.2",
        "Volumes": {},
        "WorkingDir": "/srv",
        "Labels": labels,
        "ExposedPorts": {"8080/tcp": {}},
        "HostConfig": {
            "Binds": ["web-data:/data", "/etc/localtime:/etc/localtime:ro"],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m"}},
            "NetworkMode": "shop",
            "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18080"}]},
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "Memory": 134217728,
            "MemorySwap": 134217728,
            "NanoCpus": 500000000,
            "PidsLimit": 64,
            "ReadonlyRootfs": True,
            "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 2048}],
        }
        | host,
        "NetworkingConfig": {"EndpointsConfig": {"shop": {"Aliases": ["web"]}}},
    }
