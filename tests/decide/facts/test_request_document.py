"""The request document: its parts, and the facts of a body that was changed."""

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest

from portero.decide.facts import request_document
from portero.decide.facts.inspected import Inspected
from portero.decide.facts.request_document import CallParameters
from portero.decide.reading.body_decoder import Canonical
from portero.decide.reading.routes import Routes
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.host.fixed_host import FixedHost
from portero.observe.stores.api_tables import load_api
from tests.known_bodies import list_bodies
from tests.paths import SCHEMAS

ROUTES = Routes.load(json.loads((SCHEMAS / "operations.json").read_text()))
HOST = FixedHost({"links": {"/srv/link": "/etc"}})


def build(
    body: Any, *unknown: str, name: str = "ContainerCreate", version: str = "1.45", host: FixedHost = HOST
) -> dict[str, Any]:
    (operation,) = [operation for operation in ROUTES.operations if operation.id == name]
    call = CallParameters(name, operation.method, version, {}, {"name": ("web",)})
    return request_document.build_document(call, {"user": "alice"}, Canonical(body, unknown), host)


def test_the_parts_are_those_of_the_schema() -> None:
    described = json.loads((SCHEMAS / "request.json").read_text())["properties"]

    document = build({"Image": "busybox"})

    assert document.keys() == described.keys()
    assert document["query"] == {"name": ["web"]}
    assert document["identity"]["user"] == "alice"


def test_facts_are_taken_from_body_and_host() -> None:
    document = build({"Image": "busybox", "HostConfig": {"Binds": ["/srv/link:/x"]}})

    (mount,) = document["facts"]["mounts"]
    assert mount["paths"] == ["/srv/link", "/etc"]


def test_unknown_fields_are_listed_by_where_they_are() -> None:
    assert build({}, "HostConfig.Privleged")["facts"]["unknownFields"] == [{"at": "HostConfig.Privleged"}]
    assert "unknownFields" not in build(None)["facts"]


def test_a_changed_body_has_its_own_facts_and_keeps_the_rest() -> None:
    document = build({"Image": "busybox", "HostConfig": {"Privileged": True}}, "Extra")
    body: dict[str, JSON] = {"Image": "busybox", "HostConfig": {"Privileged": False}}

    changed: Any = request_document.rebuild_document(document | {"body": body}, HOST)

    assert document["facts"]["privileged"]["value"] is True
    assert changed["facts"]["privileged"]["value"] is False
    assert changed["facts"]["unknownFields"] == [{"at": "Extra"}]
    assert changed["operation"] == "ContainerCreate"


PLAIN = FixedHost()
# Every default that a daemon can give (portero.decide.facts.defaults).
FILLED = FixedHost(
    {
        "daemon": {
            "log-driver": "syslog",
            "log-opts": {"tag": "x"},
            "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 2, "Soft": 1}},
            "no-new-privileges": True,
            "seccomp-profile": "unconfined",
            "default-shm-size": "1m",
            "default-runtime": "kata",
            "default-ipc-mode": "private",
            "default-cgroupns-mode": "private",
            "userns-remap": "default",
        }
    }
)


def change_one(body: Any, other: Any) -> Iterator[Any]:
    """The body with one field, or one field within a field, as another body has it."""
    for name in sorted(body.keys() | other.keys()):
        if name in body and name in other:
            old, new = body[name], other[name]
            if isinstance(old, dict) and isinstance(new, dict):
                yield from ({**body, name: inner} for inner in change_one(old, new))
            elif old != new:
                yield {**body, name: new}
        elif name in body:
            yield {one: value for one, value in body.items() if one != name}
        else:
            yield {**body, name: other[name]}


@pytest.mark.parametrize("host", [PLAIN, FILLED], ids=["no defaults", "defaults"])
@pytest.mark.parametrize("version", ["1.45", "1.39"])
@pytest.mark.parametrize("name", ["ContainerCreate", "ServiceCreate"])
def test_facts_of_a_changed_body_are_those_of_a_request_that_came_with_it(
    name: str, version: str, host: FixedHost
) -> None:
    compared = 0
    for body, other in pairwise(list_bodies(name)):
        for changed in change_one(body, other):
            with suppress(Refused):
                former, new = (build(one, name=name, version=version, host=host) for one in (body, changed))
                rebuilt = request_document.rebuild_document(former | {"body": changed}, host)
                assert rebuilt["facts"] == new["facts"]
                compared += 1
    assert compared > 300


def test_what_exists_is_read_once_and_few_short_bodies_are_kept() -> None:
    shapes = load_api()[1]

    def describe(image: str) -> Any:
        made = Inspected("ContainerCreate", "web", {"Image": image})
        return request_document.describe_making(made, {}, shapes, HOST, {})

    assert describe("busybox")["body"] is describe("busybox")["body"]
    assert describe("nginx")["body"] == {"Image": "nginx"}
    long = "x" * (32 << 10)
    assert describe(long)["body"] is not describe(long)["body"]
    for number in range(200):
        describe(f"busybox:{number}")
    assert len(shapes.cache) <= 64


NETWORK = "1" * 64
EXISTING = {
    "Image": "busybox",
    "HostConfig": {"Binds": ["/srv/link:/x"], "NetworkMode": NETWORK, "Devices": [{"PathOnHost": "/dev/sda"}]},
}


@pytest.mark.parametrize(
    "host",
    [
        {},
        {"links": {"/srv/link": "/etc"}},
        {"links": {"/srv/link": "/etc"}, "owners": {"/srv": "user alicia (1000)"}},
        {"kinds": {"/srv/link/docker.sock": "socket"}, "sockets": ["/srv/link/docker.sock"]},
        {"networks": {NETWORK: "host"}},
        {"daemon": {"default-ulimits": {"nofile": {"Name": "nofile", "Hard": 9, "Soft": 9}}}},
        {"visible": False},
    ],
)
def test_facts_of_what_exists_are_kept_only_while_the_host_answers_as_before(host: dict[str, JSON]) -> None:
    shapes, made = load_api()[1], Inspected("ContainerCreate", "web", EXISTING)

    def describe(moment: FixedHost) -> Any:
        return request_document.describe_making(made, {}, shapes, moment, {})

    shapes.cache.clear()
    before = describe(FixedHost({"links": {"/srv/link": "/srv"}}))
    assert describe(FixedHost({"links": {"/srv/link": "/srv"}}))["facts"] is before["facts"]

    now = describe(FixedHost(host))
    shapes.cache.clear()
    assert now["facts"] != before["facts"]
    assert now == describe(FixedHost(host))


def test_what_a_short_text_makes_much_of_is_not_kept() -> None:
    shapes = load_api()[1]
    binds = [f"/srv/d:/{number}" for number in range(99)]
    made = Inspected("ContainerCreate", "web", {"HostConfig": {"Binds": binds}})
    request_document.describe_making(made, {}, shapes, HOST, {})

    assert not shapes.cache


def test_facts_ask_nothing_of_the_host_but_what_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(host: FixedHost) -> None:
        raise AssertionError("an answer that is not noted would not be asked for again")

    monkeypatch.setattr(FixedHost, "objects", fail)
    shapes = load_api()[1]
    for operation in ("ContainerCreate", "ServiceCreate", "VolumeCreate", "NetworkCreate"):
        for body in list_bodies(operation):
            with suppress(Refused):
                request_document.describe_making(Inspected(operation, "web", body), {}, shapes, HOST, {})


def test_what_is_kept_of_an_object_is_not_used_under_another_name() -> None:
    shapes = load_api()[1]
    names = [
        request_document.describe_making(Inspected("VolumeCreate", name, {}), {}, shapes, HOST, {})["query"]["name"]
        for name in ("data", "logs", "data")
    ]

    assert names == [["data"], ["logs"], ["data"]]
