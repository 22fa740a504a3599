"""The questions that the bench asks: what dockerd would post to a plugin, with the answer that is due."""

import base64
import json
from dataclasses import dataclass

_CREATE = "/v1.45/containers/create?name=shop-web-1"
_JSON = {"Content-Type": "application/json"}
_CLIENT = {"User-Agent": "Docker-Client/26.1.5 (linux)"}


@dataclass(frozen=True, slots=True)
class Question:
    """One AuthZReq as HTTP."""

    name: str
    data: bytes
    allowed: bool


def questions() -> list[Question]:
    """From the cheapest to the dearest."""
    return [
        _question("ping", "HEAD", "/_ping", None, allowed=True),
        _question("list", "GET", "/v1.45/containers/json?all=1", None, allowed=True),
        _question("create, 3 KB", "POST", _CREATE, _container(2_000), allowed=True),
        _question("create, denied", "POST", _CREATE, _container(2_000, Privileged=True), allowed=False),
        _question("create, 1 MB", "POST", _CREATE, _container(1_000_000), allowed=True),
    ]


def _question(name: str, method: str, uri: str, body: dict[str, object] | None, *, allowed: bool) -> Question:
    envelope: dict[str, object] = {"RequestMethod": method, "RequestUri": uri, "RequestHeaders": _CLIENT}
    if body is not None:
        text = json.dumps(body).encode()
        envelope["RequestBody"] = base64.b64encode(text).decode()
        envelope["RequestHeaders"] = _CLIENT | _JSON | {"Content-Length": str(len(text))}
    data = json.dumps(envelope).encode()
    head = (
        "POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: plugin.moby.localhost\r\nUser-Agent: Go-http-client/1.1\r\n"
        f"Content-Length: {len(data)}\r\nAccept: application/vnd.docker.plugins.v1.2+json\r\n\r\n"
    )
    return Question(name, head.encode() + data, allowed)


def _container(padding: int, **host: object) -> dict[str, object]:
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
            "PortBindings": {"8080/tcp": [{"HostIp": "", "HostPort": "18080"}]},
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "Memory": 134217728,
            "NanoCpus": 500000000,
            "PidsLimit": 64,
            "ReadonlyRootfs": True,
        }
        | host,
        "NetworkingConfig": {"EndpointsConfig": {"shop": {"Aliases": ["web"]}}},
    }
