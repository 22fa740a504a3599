"""A door that shows the names of variables alone: inspects, lists, events, and what the other treatment leaves."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from portero.decide.ownership.list_shapes import entries
from portero.decide.reading.routes import Match, Routes
from portero.decide.values.json_fields import JSON
from portero.door.filtered_answer import FilteredAnswer
from portero.door.masked_requests import InnerTreat, MaskedRequests
from portero.door.treatment import Request, Treating, Treatment
from portero.observe.process import package_files
from tests.door.running import ask, running_door

TRAEFIK = "traefik/docker.sock"
ROUTES = Routes.load(package_files.read_schema("operations.json"))
ENV = {"Config": {"Env": ["TOKEN=hush", "EMPTY="]}, "Labels": {"db.password": "hush"}}
MASKED = {"Config": {"Env": ["TOKEN=***", "EMPTY=***"]}, "Labels": {"db.password": "***"}}


def answer_with(value: JSON) -> Callable[[socket.socket], None]:
    data = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    return lambda client: client.sendall(head.encode() + data)


def pass_all(_request: Request, _version: str | None, _match: Match) -> Treating | None:
    return None


def shown(tmp_path: Path, target: str, answer: JSON, inner: InnerTreat = pass_all, *, hides: bool = True) -> bytes:
    masked = MaskedRequests(ROUTES, lambda door: hides and door == "traefik", inner)
    with running_door(tmp_path, serve=answer_with(answer), treat=masked.treat) as (doors, _, _):
        return ask(doors / TRAEFIK, f"GET {target} HTTP/1.1\r\nHost: d\r\n\r\n".encode())


def read_body(answer: bytes) -> JSON:
    """Of one chunk."""
    _, _, body = answer.partition(b"\r\n\r\n")
    content = b"".join(body.split(b"\r\n")[1:-3:2])
    value: JSON = json.loads(content)
    return value


@pytest.mark.parametrize(
    ("target", "answer", "expected"),
    [
        ("/containers/web/json", ENV, MASKED),
        ("/v1.45/services/web", {"Spec": ENV}, {"Spec": MASKED}),
        ("/tasks", [ENV, ENV], [MASKED, MASKED]),
        ("/images/web:1/json", ENV, MASKED),
        ("/images/web:1/history", [{"CreatedBy": "ENV A=hush"}], [{"CreatedBy": "ENV ***"}]),
        ("/plugins", [{"Settings": {"Env": ["A=hush"]}}], [{"Settings": {"Env": ["A=***"]}}]),
        ("/volumes", {"Volumes": [{"Labels": {"password": "hush"}}]}, {"Volumes": [{"Labels": {"password": "***"}}]}),
        ("/events", ENV, MASKED),
    ],
)
def test_values_do_not_pass(tmp_path: Path, target: str, answer: JSON, expected: JSON) -> None:
    assert read_body(shown(tmp_path, target, answer)) == expected


def test_disk_usage_is_masked_however_long_it_is(tmp_path: Path) -> None:
    containers = [{"Labels": {"db.password": "hush", "text": "v" * 1000}}] * 5000
    answer = shown(tmp_path, "/system/df", {"LayersSize": 5, "Containers": containers, "BuildCache": []})

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.count(b'"text":') == 5000
    assert b"hush" not in answer


def test_a_network_shows_as_many_containers_as_a_bridge_has(tmp_path: Path) -> None:
    container = {"Name": "shop-web-" + "n" * 60, "EndpointID": "e" * 64, "MacAddress": "02:42:ac:11:00:02"}
    container |= {"IPv4Address": "172.17.0.2/16", "IPv6Address": "fd00:1234:5678:9abc::2/64"}
    network: JSON = {"Name": "web", "Containers": {f"{number:064x}": container for number in range(1023)}}

    assert read_body(shown(tmp_path, "/networks/web", network)) == network


def test_another_door_shows_them(tmp_path: Path) -> None:
    assert b"hush" in shown(tmp_path, "/containers/web/json", ENV, hides=False)


def test_what_another_treatment_leaves_is_masked_too(tmp_path: Path) -> None:
    def inner(request: Request, _version: str | None, _match: Match) -> Treating:
        yield from ()
        return Treatment(answer=FilteredAnswer(entries(lambda one: one if one.get("own") else None), request.target))

    listed: list[JSON] = [{**ENV, "own": True}, ENV]
    assert read_body(shown(tmp_path, "/containers/json", listed, inner)) == [{**MASKED, "own": True}]


@pytest.mark.parametrize(("query", "status"), [("?ps_args=eww", 403), ("?ps_args=aux", 200), ("", 200)])
def test_processes_are_not_listed_with_their_variables(tmp_path: Path, query: str, status: int) -> None:
    assert f" {status} ".encode() in shown(tmp_path, f"/containers/web/top{query}", {"Processes": []})[:20]


def test_where_nobody_says_what_it_shows_nothing_passes(tmp_path: Path) -> None:
    def fail(door: str) -> bool:
        raise FileNotFoundError(2, "No such file or directory", "doors.json")

    with running_door(tmp_path, treat=MaskedRequests(ROUTES, fail, pass_all).treat) as (doors, dockerd, _):
        assert b" 503 " in ask(doors / TRAEFIK, b"GET /containers/web/json HTTP/1.1\r\nHost: d\r\n\r\n")
        assert b" 200 " in ask(doors / TRAEFIK, b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
    assert len(dockerd.seen) == 1
