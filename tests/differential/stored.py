"""What dockerd keeps of a request, field by field beside the canonical body."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .difference import Difference, compare, significant
from .play import Played


def compare_stored(operation: str, document: Mapping[str, Any], played: Played) -> Iterator[Difference]:
    """Each field at which the body of the request document and what dockerd keeps differ."""
    assert played.stored is not None
    body: dict[str, Any] = dict(document["body"] or {})
    yield from _COMPARERS[operation](body, played.stored, played)


def _create(body: dict[str, Any], stored: dict[str, Any], _: Played) -> Iterator[Difference]:
    made = {**stored["Config"], "HostConfig": stored["HostConfig"]}
    made["NetworkingConfig"] = {"EndpointsConfig": stored["NetworkSettings"]["Networks"]}
    yield from compare(body, made)


def _update(body: dict[str, Any], stored: dict[str, Any], played: Played) -> Iterator[Difference]:
    """What changed is what was asked for; the rest is as before."""
    assert played.before is not None
    before, after = played.before["HostConfig"], stored["HostConfig"]
    changed = {name: after[name] for name in after if after[name] != before.get(name)}
    for name in sorted({*body, *changed}):
        asked, kept = body.get(name), after.get(name)
        if name not in changed and significant(asked) is None:
            continue  # what is absent or zero stays as it was
        yield from compare(asked, kept, name)


def _exec(body: dict[str, Any], stored: dict[str, Any], _: Played) -> Iterator[Difference]:
    process = stored["ProcessConfig"]
    read = {
        "privileged": body.get("Privileged"),
        "tty": body.get("Tty"),
        "user": body.get("User"),
        "entrypoint": (body.get("Cmd") or [""])[0],
        "arguments": (body.get("Cmd") or [""])[1:],
        "OpenStdin": body.get("AttachStdin"),
        "OpenStdout": body.get("AttachStdout"),
        "OpenStderr": body.get("AttachStderr"),
    }
    made = {name: process.get(name, stored.get(name)) for name in read}
    yield from compare(read, made)


def _volume(body: dict[str, Any], stored: dict[str, Any], _: Played) -> Iterator[Difference]:
    read = {"Name": body.get("Name"), "Driver": body.get("Driver"), "Labels": body.get("Labels")}
    made = {**stored, "DriverOpts": stored.get("Options")}
    read["DriverOpts"] = body.get("DriverOpts")
    cluster = stored.get("ClusterVolume")
    if (body.get("ClusterVolumeSpec") is not None) is not (cluster is not None):
        yield Difference("ClusterVolumeSpec", body.get("ClusterVolumeSpec"), cluster)
    elif cluster is not None:
        read["Group"], made["Group"] = body["ClusterVolumeSpec"].get("Group"), cluster["Spec"].get("Group")
    yield from compare(read, {name: made.get(name) for name in read})


def _network(body: dict[str, Any], stored: dict[str, Any], _: Played) -> Iterator[Difference]:
    names = ("Name", "Driver", "Scope", "EnableIPv4", "EnableIPv6", "IPAM", "Internal", "Attachable", "Ingress")
    for name in (*names, "ConfigOnly", "ConfigFrom", "Options", "Labels"):
        yield from compare(body.get(name), stored.get(name), name)


def _connect(body: dict[str, Any], stored: dict[str, Any], _: Played) -> Iterator[Difference]:
    kept = stored["NetworkSettings"]["Networks"].get("other")
    yield from compare(body.get("EndpointConfig"), kept, "EndpointConfig")
    yield from compare(body.get("Container"), stored["Name"].removeprefix("/") if kept else None, "Container")


def _service(body: dict[str, Any], stored: dict[str, Any], _: Played) -> Iterator[Difference]:
    yield from compare(body, stored)


_COMPARERS: Mapping[str, Callable[[dict[str, Any], dict[str, Any], Played], Iterator[Difference]]] = {
    "ContainerCreate": _create,
    "ContainerUpdate": _update,
    "ContainerExec": _exec,
    "VolumeCreate": _volume,
    "NetworkCreate": _network,
    "NetworkConnect": _connect,
    "ServiceCreate": _service,
    "ServiceUpdate": _service,
}
