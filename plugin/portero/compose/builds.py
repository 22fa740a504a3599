"""The builds of a compose project as requests: what its `build:` sections ask for, and the session of BuildKit.

Compose builds with BuildKit, of which a plugin sees a session and nothing else. Here the sections are at hand, so what
they ask for is judged in the words of /build.
"""

import json
from collections.abc import Iterator, Mapping
from typing import cast
from urllib.parse import urlencode

from portero.refusals import Refused
from portero.values.json_fields import as_object
from portero.values.json_types import JSON

# compose-spec, build.md; docker/compose, pkg/compose/build.go. A context is a folder unless it looks like an address.
_ADDRESSES = ("git@", "github.com/")
_HOST_NETWORK, _INSECURE = "network.host", "security.insecure"
Query = list[tuple[str, str]]


def list_builds(config: str) -> Iterator[tuple[str, bytes, frozenset[str]]]:
    """Of each service with a build: its name, the envelope of its build, and the parameters that the section sets.

    `config`: what `docker compose config --format json` printed; nothing when it is no project.
    """
    for name, section in _sections(config):
        query = list(_query(section))
        yield name, _envelope("/build", [("version", "2"), *query]), frozenset(key for key, _ in query)


def make_session() -> bytes:
    """The envelope of the connection through which BuildKit gets at the files of a build."""
    return _envelope("/session", [])


def _sections(config: str) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    try:
        services = as_object(as_object(json.loads(config), "").get("services"), "services")
        for name, service in services.items():
            section = as_object(service, name).get("build")
            if section is not None:
                yield name, as_object(section, "build")
    except (ValueError, RecursionError, Refused):
        return


def _query(section: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
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
        yield "ulimits", json.dumps([*_ulimits(cast("Mapping[str, JSON]", section["ulimits"]))])
    for key, parameter in (("args", "buildargs"), ("labels", "labels")):
        if section.get(key):
            yield parameter, json.dumps(section[key])


def _ulimits(named: Mapping[str, JSON]) -> Iterator[JSON]:
    for name, value in named.items():
        both = value if isinstance(value, dict) else {"soft": value, "hard": value}
        yield {"Name": name, "Soft": both.get("soft"), "Hard": both.get("hard")}


def _envelope(path: str, query: Query) -> bytes:
    target = f"/v1.45{path}" + (f"?{urlencode(query)}" if query else "")
    headers: JSON = {"User-Agent": "compose/2"}
    return json.dumps({"RequestMethod": "POST", "RequestUri": target, "RequestHeaders": headers}).encode()
