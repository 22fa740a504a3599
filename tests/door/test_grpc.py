"""Native gRPC at a door: asked for as POST /grpc, passed as bytes, denied on each stream with the sentence."""

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ResponseReceived

from portero.door.grpc import GrpcDenial
from portero.door.request_head import PREFACE
from portero.door.treatment import TurnedAway
from tests.door.greedy import expect_service, separate_door, take_connections
from tests.door.running import ANSWER, ask, connect, receive_all, running_door

TRAEFIK = "traefik/docker.sock"
SWITCHED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"


def answer_with(status: str, message: str) -> Callable[[socket.socket], None]:
    data = json.dumps({"message": message}).encode()

    def serve(client: socket.socket) -> None:
        client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)

    return serve


def call(path: Path, streams: int) -> list[tuple[str, str]]:
    """By stream the status and the message of gRPC."""
    client = H2Connection(H2Configuration(header_encoding="utf-8"))
    client.initiate_connection()
    names = {":method": "POST", ":scheme": "http", ":path": "/moby.buildkit.v1.Control/Info", ":authority": "d"}
    for number in range(streams):
        client.send_headers(1 + 2 * number, [*names.items(), ("content-type", "application/grpc")])
    answers: list[tuple[str, str]] = []
    with connect(path) as connection:
        connection.sendall(client.data_to_send())
        while len(answers) < streams and (data := connection.recv(65536)):
            for event in client.receive_data(data):
                if isinstance(event, ResponseReceived):
                    fields = {str(name): str(value) for name, value in event.headers}
                    answers.append((fields["grpc-status"], unquote(fields["grpc-message"])))
    return answers


def test_dockerd_is_asked_for_grpc_and_then_gets_what_the_client_sent(tmp_path: Path) -> None:
    def serve(client: socket.socket) -> None:
        client.sendall(SWITCHED + b"first ")
        while piece := client.recv(100):
            client.sendall(piece)

    with running_door(tmp_path, serve=serve) as (doors, dockerd, _), connect(doors / TRAEFIK) as client:
        for byte in PREFACE:
            client.sendall(bytes([byte]))
        client.sendall(b" and more")
        client.shutdown(socket.SHUT_WR)
        assert receive_all(client) == b"first " + PREFACE + b" and more"

    (seen,) = dockerd.seen
    assert seen.startswith(b"POST /grpc HTTP/1.1\r\nHost: docker\r\n")
    assert seen.count(b"\r\nX-Portero-Door: ") == 1
    assert b"\r\nUpgrade: h2c\r\n" in seen
    assert seen.endswith(b"\r\nConnection: close, Upgrade\r\n\r\n")


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        ("403 Forbidden", "authorization denied by plugin portero: no\nbu\u0131lds at all, 100 %", "7"),
        ("404 Not Found", "has no POST /grpc", "9"),
        ("500 Internal Server Error", "plugin failed", "9"),
    ],
)
def test_a_denial_is_an_answer_on_every_stream(tmp_path: Path, status: str, message: str, expected: str) -> None:
    with running_door(tmp_path, serve=answer_with(status, message)) as (doors, dockerd, _):
        answers = call(doors / TRAEFIK, 4)

    assert len(dockerd.seen) == 1
    assert [status for status, _ in answers] == [expected] * 4
    assert message in answers[0][1]


def test_a_dockerd_that_is_away_is_named_in_grpc_too(tmp_path: Path) -> None:
    with running_door(tmp_path) as (doors, dockerd, _):
        dockerd.path.unlink()
        answers = call(doors / TRAEFIK, 1)

    assert answers[0][0] == "9"
    assert "Cannot connect to dockerd" in answers[0][1]


def test_an_answer_that_is_none_is_said(tmp_path: Path) -> None:
    with running_door(tmp_path, serve=lambda client: None) as (doors, _, _):
        assert "does not answer POST /grpc" in call(doors / TRAEFIK, 1)[0][1]


def test_what_is_no_http_2_ends() -> None:
    with pytest.raises(ConnectionError, match="is not HTTP/2"):
        GrpcDenial(TurnedAway(403, "no")).feed(b"GET / HTTP/1.1\r\nHost: docker\r\n\r\n")


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


SETTINGS = frame(4, 0, 0, b"")
# Headers without an end, by CONTINUATION: a library has to keep them.
ENDLESS = frame(1, 0, 1, b"\x40" * (16 << 10)) + frame(9, 0, 1, b"\x40" * (16 << 10)) * 62


def test_a_denied_client_is_read_no_further_than_it_needs() -> None:
    def find_end(data: bytes) -> int:
        """After how many bytes it is not read any more."""
        denial = GrpcDenial(TurnedAway(403, "no"))
        for at in range(0, len(data), 1024):
            try:
                denial.feed(data[at : at + 1024])
            except ConnectionError:
                return at
        return len(data)

    # Each stream has headers alone, from the tables of HPACK (RFC 7541): POST, http, / and authority d.
    streams = b"".join(frame(1, 5, 1 + 2 * number, b"\x83\x86\x84\x01\x01d") for number in range(5000))
    assert 64 << 10 < find_end(PREFACE + SETTINGS + ENDLESS) < 130 << 10
    assert 8 << 10 < find_end(PREFACE + SETTINGS + streams) < 24 << 10


def test_greedy_clients_that_are_denied_leave_the_door_its_memory(tmp_path: Path) -> None:
    with separate_door(tmp_path, ["g0", "g1", "other"]) as door:
        held = [
            one
            for name in ("g0", "g1")
            for one in take_connections(door.path(name), PREFACE + SETTINGS + ENDLESS[:20000], 400)
        ]
        for one in held:
            with suppress(OSError):
                one.settimeout(0.01)
                one.sendall(ENDLESS[20000:])
        expect_service(door, "other", held)


@pytest.mark.parametrize(
    ("line", "upgrades"),
    [
        (b"POST /grpc HTTP/1.1", True),
        (b"POST /v1.51/session HTTP/1.1", True),
        (b"GET /_ping HTTP/1.1", False),
        (b"POST /v1.51/build HTTP/1.1", False),
        (b"POST /session/../containers HTTP/1.1", False),
    ],
)
def test_no_other_request_goes_on_in_http_2(tmp_path: Path, line: bytes, upgrades: bool) -> None:
    sent = line + b"\r\nHost: d\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: H2C\r\nHTTP2-Settings: AAM\r\n\r\n"
    with running_door(tmp_path) as (doors, dockerd, _):
        assert ask(doors / TRAEFIK, sent) == ANSWER

    assert (b"Upgrade" in dockerd.seen[0]) is upgrades
