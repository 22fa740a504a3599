"""Reads the resolved project that `docker compose config --format json` prints: its builds, its external objects.

Compose builds with BuildKit, of which a plugin sees a session and nothing else. What the `build:` sections ask for is
therefore judged as requests to /build.
"""

import json
from collections.abc import Iterator, Mapping
from typing import cast
from urllib.parse import urlencode

from portero.refusals import Refused
from portero.standin.messages import Object
from portero.standin.objects import State
from portero.values.json_fields import as_object, child, text
from portero.values.json_types import JSON

# compose-spec, build.md; docker/compose, pkg/compose/build.go. A context is a folder unless it looks like an address.
_ADDRESSES = ("git@", "github.com/")
_HOST_NETWORK, _INSECURE = "network.host", "security.insecure"
Query = list[tuple[str, str]]


def list_builds(config: str) -> Iterator[tuple[str, bytes, frozenset[str]]]:
    """Of each service with a build: its name, the envelope of its build, and the parameters that the section sets.

    `config`: the output of Compose; nothing when it is not a project.
    """
    try:
        for name, service in child(_parse_project(config), "services").items():
            section = as_object(service, name).get("build")
            if section is not None:
                query = [*_list_parameters(as_object(section, "build"))]
                yield name, _envelope("/build", [("version", "2"), *query]), frozenset(key for key, _ in query)
    except Refused:
        return


def make_session() -> bytes:
    """The envelope of the connection through which BuildKit gets at the files of a build."""
    return _envelope("/session", [])


def add_external_objects(state: State, config: str) -> None:
    """Add the networks and volumes that the project needs and does not make to the stand-in, and what it replaces."""
    project = _parse_project(config)
    state.replaced |= {(text(project, "name"), service) for service in child(project, "services")}
    for name in _list_external(project, "networks"):
        state.add_network({"Name": name, "Driver": "bridge", "Attachable": True})
    for name in _list_external(project, "volumes"):
        state.volumes[name] = {"Name": name}


def _list_external(project: Object, kind: str) -> Iterator[str]:
    for key, entry in child(project, kind).items():
        described = as_object(entry, key)
        if described.get("external"):
            yield text(described, "name") or key


def _parse_project(config: str) -> Object:
    try:
        return as_object(json.loads(config), "")
    except (ValueError, RecursionError, Refused):
        return {}


def _list_parameters(section: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    context, entitlements = str(section.get("context", "")), cast("list[str]", section.get("entitlements") or [])
    network = "host" if _HOST_NETWORK in entitlements else str(section.get("network") or "")
    if "://" in context or context.startswith(_ADDRESSES):
        yield "remote", context
    if network:
        yield "networkmode", network
    if section.get("privileged") is True or _INSECURE in entitlements:
        yield "securityopt", _INSECURE
    if "shm_size" in section:
        yield "shmsize", str(section["shm_size"])
    for host in cast("list[str]", section.get("extra_hosts") or []):
        yield "extrahosts", host.replace("=", ":", 1)
    if section.get("ulimits"):
        yield "ulimits", json.dumps([*_list_ulimits(cast("Mapping[str, JSON]", section["ulimits"]))])
    for key, parameter in (("args", "buildargs"), ("labels", "labels")):
        if section.get(key):
            yield parameter, json.dumps(section[key])


def _list_ulimits(named: Mapping[str, JSON]) -> Iterator[JSON]:
    for name, value in named.items():
        both = value if isinstance(value, dict) else {"soft": value, "hard": value}
        yield {"Name": name, "Soft": both.get("soft"), "Hard": both.get("hard")}


def _envelope(path: str, query: Query) -> bytes:
    target = f"/v1.45{path}" + (f"?{urlencode(query)}" if query else "")
    headers: JSON = {"User-Agent": "compose/2"}
    return json.dumps({"RequestMethod": "POST", "RequestUri": target, "RequestHeaders": headers}).encode()
