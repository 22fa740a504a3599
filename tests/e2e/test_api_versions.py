"""What dockerd drops at old API versions: Portero's rules see no field that dockerd then does not keep."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from portero.decide.reading import go_json
from portero.decide.reading.body_decoder import canonicalize
from portero.observe.stores.api_tables import load_shapes
from tests.paths import SCHEMAS

from .conftest import BOTH_ENGINES
from .guarded import GuardedDocker, serve
from .refusals import refusing

pytestmark = [pytest.mark.e2e, BOTH_ENGINES]

# An engine takes some of them: 26.1 those up to 1.45, 29.7 those from 1.40 on.
VERSIONS = (24, 30, 35, 39, 40, 41, 42, 43, 44, 45, 46, 48, 51, 52, 53, 54, 55)
SHAPES = load_shapes(SCHEMAS / "api")
# What is made at each version, by the collection that it is posted to.
MADE: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("old-versions.json").read_text())
SERVICE = MADE["services"]
OPERATIONS = {
    "services": ("ServiceCreate", "db"),
    "containers": ("ContainerCreate", "old"),
    "networks": ("NetworkCreate", "app"),
    "volumes": ("VolumeCreate", "cache"),
}


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> GuardedDocker:
    """One on each engine."""
    return own_docker


def leaves(value: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Every scalar of a document with its place."""
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if pairs is None:
        yield at, value
        return
    for name, inner in pairs:
        yield from leaves(inner, f"{at}.{name}")


def seen(operation: str, body: Mapping[str, Any], version: str) -> dict[str, object]:
    """What rules see of the body at an API version."""
    tree = go_json.parse_json(json.dumps(body).encode())
    return dict(leaves(canonicalize(SHAPES.by_operation[operation], tree, version).body))


def not_kept(rules_see: Mapping[str, object], kept: object) -> list[str]:
    """The places of what rules see and the daemon does not hold."""
    held = dict(leaves(kept))
    return [at for at, value in rules_see.items() if held.get(at) != value]


def kept(docker: GuardedDocker, collection: str) -> dict[str, Any]:
    """What dockerd keeps of the object, under the names of the request."""
    path = f"/{collection}/{OPERATIONS[collection][1]}{'/json' if collection == 'containers' else ''}"
    found: dict[str, Any] = docker.client.get(path)
    match collection:
        case "services":
            return dict(found["Spec"])
        case "containers":
            return {**found["Config"], "HostConfig": found["HostConfig"]}
        case "volumes":
            return {**found, "DriverOpts": found["Options"]}
    return found


def find_all_dropped(docker: GuardedDocker, collection: str) -> dict[str, list[str]]:
    """By each API version that the engine takes: what rules see of an object and dockerd does not keep."""
    engine = docker.client.get("/version")
    first, last = (int(engine[name].split(".")[1]) for name in ("MinAPIVersion", "ApiVersion"))
    versions = [f"1.{version}" for version in VERSIONS if first <= version <= last]
    assert {"1.40", "1.44"} <= {*versions}
    return {version: dropped for version in versions if (dropped := find_dropped(docker, collection, version))}


def find_dropped(docker: GuardedDocker, collection: str, version: str) -> list[str]:
    """What rules see of an object that is made at a version, and dockerd does not keep."""
    body, (operation, name) = MADE[collection], OPERATIONS[collection]
    query = f"?name={name}" if collection == "containers" else ""
    created = docker.client.ask("POST", f"/v{version}/{collection}/create{query}", body)
    assert created.status in (200, 201), created.message

    held = kept(docker, collection)
    docker.client.ask("DELETE", f"/{collection}/{name}")
    return not_kept(seen(operation, body, version), held)


@pytest.mark.parametrize("collection", OPERATIONS)
def test_rules_see_no_field_that_dockerd_drops_at_a_version(docker: GuardedDocker, collection: str) -> None:
    assert find_all_dropped(docker, collection) == {}


def test_a_service_whose_protection_is_dropped_is_refused_and_says_why(docker: GuardedDocker) -> None:
    with docker.guarded_by(serve("restricted")):
        old = docker.client.ask("POST", "/v1.43/services/create", SERVICE)
        older = docker.client.ask("POST", "/v1.40/services/create", SERVICE)
        new = docker.client.ask("POST", "/v1.44/services/create", SERVICE)
        docker.client.ask("DELETE", "/services/db")

    rules = {"drop-all-capabilities", "no-new-privileges", "open-files-limit", "pids-limit"}
    assert set(refusing(older.message)) & rules == rules
    assert set(refusing(old.message)) & rules == {"no-new-privileges"}
    assert "Docker drops NoNewPrivileges below API 1.44" in " ".join(old.message.split())
    assert set(refusing(new.message)) & rules == set()


WRITE = "touch /d/disk/x && echo written"
READ_ONLY: list[dict[str, Any]] = [
    {"Binds": ["/home/alicia:/d:ro"]},
    {"Mounts": [{"Type": "bind", "Source": "/home/alicia", "Target": "/d", "ReadOnly": True}]},
]


def run(docker: GuardedDocker, version: str, config: dict[str, Any]) -> tuple[list[str], str]:
    """The rules that refuse a container that writes below a read-only bind, and what it says where none does."""
    body = {"Image": "busybox:latest", "Cmd": ["sh", "-c", WRITE], "HostConfig": {"NetworkMode": "none", **config}}
    try:
        refused = refusing(docker.client.ask("POST", f"/v{version}/containers/create?name=writer", body).message)
        if refused:
            return refused, ""
        docker.client.ask("POST", "/containers/writer/start")
        docker.client.ask("POST", "/containers/writer/wait")
        return [], docker.docker("logs", "writer").stdout.strip()
    finally:
        docker.client.ask("DELETE", "/containers/writer?force=1")


@pytest.fixture(scope="module")
def disk(docker: GuardedDocker) -> Iterator[None]:
    """Another file system below a home."""
    docker.do("mkdir -p /home/alicia/disk && mount -t tmpfs none /home/alicia/disk")
    yield
    docker.shell("umount /home/alicia/disk; rmdir /home/alicia/disk")


# Without the mounts below it, of any version; and read-only on top alone, which 1.44 has.
ALONE = {"Mounts": [{**READ_ONLY[1]["Mounts"][0], "BindOptions": {"NonRecursive": True}}]}
ON_TOP = {"Mounts": [{**READ_ONLY[1]["Mounts"][0], "BindOptions": {"ReadOnlyNonRecursive": True}}]}


@pytest.mark.usefixtures("disk")
def test_a_read_only_bind_that_dockerd_leaves_writable_below_is_a_writable_one(docker: GuardedDocker) -> None:
    writable = [*(("1.43", config) for config in READ_ONLY), ("1.45", ON_TOP)]
    for version, config in writable:
        assert run(docker, version, config) == (["no-writable-home"], ""), config
    for version, config in [
        *(("1.44", one) for one in READ_ONLY),
        ("1.43", ALONE),
        ("1.43", {"Binds": ["/srv/www:/d:ro"]}),
    ]:
        assert run(docker, version, config) == ([], ""), config

    with docker.guarded_by([*serve("baseline"), "--mode", "audit"]):
        assert [run(docker, *each) for each in writable] == [([], "written")] * 3
