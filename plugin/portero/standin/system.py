"""Answers about the daemon itself, its events and its plugins."""

import json
import time
from collections.abc import Iterator

from portero.standin.messages import Answer, Call, Object
from portero.standin.objects import State, has_labels
from portero.standin.swarm import NODE_ID
from portero.values.json_fields import child

# The newest API whose bodies were measured (docker-facts 4.8); newer clients speak it when the daemon does.
API_VERSION = "1.45"
_OLDEST_API = "1.24"
_QUIET_SECONDS = 1.5
_POLL_SECONDS = 0.1

HEADERS = {
    "Api-Version": API_VERSION,
    "Docker-Experimental": "true",
    "Ostype": "linux",
    "Server": "Docker/standin (linux)",
}


PING = Answer(
    headers={
        "Content-Type": "text/plain; charset=utf-8",
        "Builder-Version": "2",
        "Swarm": "active/manager",
        "Cache-Control": "no-cache, no-store, must-revalidate",
    },
    stream=(b"OK",),
)
VERSION: Object = {
    "Version": "26.1.5",
    "ApiVersion": API_VERSION,
    "MinAPIVersion": _OLDEST_API,
    "GitCommit": "standin",
    "GoVersion": "none",
    "Os": "linux",
    "Arch": "amd64",
    "KernelVersion": "none",
    "Experimental": True,
    "Platform": {"Name": "stand-in for dockerd"},
    "Components": [{"Name": "Engine", "Version": "26.1.5", "Details": {"ApiVersion": API_VERSION}}],
}
# The connection becomes BuildKit's own, and BuildKit is not here.
UPGRADE = Answer(101, headers={"Connection": "Upgrade", "Upgrade": "h2c"}, stream=(), hijacked=True)


def info(state: State, call: Call) -> Answer:
    """SystemInfo: a Linux daemon, manager of its swarm."""
    manager: Object = {"NodeID": NODE_ID, "Addr": "127.0.0.1:2377"}
    return Answer(
        body={
            "ID": "standin",
            "Name": "standin",
            "ServerVersion": "26.1.5",
            "OperatingSystem": "stand-in for dockerd",
            "OSType": "linux",
            "Architecture": "x86_64",
            "NCPU": 1,
            "MemTotal": 1073741824,
            "Driver": "overlay2",
            "CgroupVersion": "2",
            "DefaultRuntime": "runc",
            "Runtimes": {"runc": {"path": "runc"}},
            "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"],
            "Plugins": {"Volume": ["local"], "Network": ["bridge", "host", "null", "overlay"], "Log": ["json-file"]},
            "RegistryConfig": {"IndexConfigs": {}, "InsecureRegistryCIDRs": [], "Mirrors": []},
            "Containers": len(state.containers),
            "Swarm": manager | {"NodeAddr": "127.0.0.1", "LocalNodeState": "active", "ControlAvailable": True},
        }
    )


def events(state: State, call: Call) -> Answer:
    """SystemEvents: past and new events, until no request has come for a while.

    Containers that a client watches then end, as `compose up` expects.
    """
    past = (_write_line(event) for event in list(state.events) if _is_wanted(event, call))
    stream = past if call.first("until") else _events(state, call, len(state.events))
    return Answer(stream=stream, headers={"Content-Type": "application/json"})


def _events(state: State, call: Call, sent: int) -> Iterator[bytes]:
    while sent < len(state.events) or not _is_over(state):
        for event in state.events[sent:]:
            sent += 1
            if _is_wanted(event, call):
                yield _write_line(event)
        time.sleep(_POLL_SECONDS)


def _is_over(state: State) -> bool:
    """Whether all is quiet and no client watches a running container."""
    with state.lock:
        if not state.is_quiet(_QUIET_SECONDS):
            return False
        watched = [container for container in state.containers.values() if container.attached and container.is_up]
        for container in watched:
            state.end(container)
        state.last_call = time.monotonic() if watched else state.last_call
        return not watched


def _write_line(event: Object) -> bytes:
    return json.dumps(event).encode() + b"\n"


def _is_wanted(event: Object, call: Call) -> bool:
    filters = call.filters()
    actor = child(event, "Actor")
    if actor["ID"] not in filters.get("container", [actor["ID"]]):
        return False
    return has_labels(filters.get("label", []), child(actor, "Attributes"))


def plugin(state: State, call: Call) -> Answer:
    """PluginInspect: every plugin is installed and off."""
    name = call.path["name"]
    return Answer(body={"Id": "standin", "Name": name, "Enabled": False, "Settings": {}, "Config": {}})
