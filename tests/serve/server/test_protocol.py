"""The server as dockerd meets it: oddities of HTTP, long requests, many at once."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.serve.server.running import Server, UnixConnection

LIMIT = 8 * 1024 * 1024


ALLOWED = {"Allow": True, "Msg": ""}


REQUEST = b"POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: x\r\n"


def raw(path: Path, data: bytes) -> bytes:
    """Everything that comes back for these bytes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"abcde", {"Content-Type": "application/x-www-form-urlencoded"}), ((b"ab", b"cde"), {})],
    ids=["that calls itself a form", "chunked"],
)
def test_a_request_arrives_whole(server: Server, body: bytes | tuple[bytes, ...], headers: dict[str, str]) -> None:
    connection = server.connection()
    chunked = not isinstance(body, bytes)
    connection.request(
        "POST", "/AuthZPlugin.AuthZReq", iter(body) if chunked else body, headers, encode_chunked=chunked
    )

    assert json.loads(connection.getresponse().read()) == {"Allow": True, "Msg": "5"}
    connection.close()


def test_a_long_answer_of_docker_is_swallowed_and_the_connection_kept(server: Server) -> None:
    connection = server.connection()

    assert connection.ask("POST", "/AuthZPlugin.AuthZRes", b"x" * (12 << 20)) == (200, ALLOWED)
    assert connection.ask("POST", "/Plugin.Activate")[0] == 200
    connection.close()


@pytest.mark.parametrize(
    "data",
    [
        b"garbage\r\n\r\n",
        REQUEST + b"Content-Length: -1\r\n\r\n",
        REQUEST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        REQUEST + b"Content-Length: 50\r\n\r\nends early",
    ],
    ids=["no HTTP", "negative length", "two lengths", "ends early"],
)
def test_invalid_http_never_allows(server: Server, data: bytes) -> None:
    answer = raw(server.socket, data)

    assert not answer.startswith(b"HTTP/1.1 200")
    assert b'"Allow": true' not in answer


def test_a_request_over_the_limit_is_denied_and_read_to_its_end(server: Server) -> None:
    connection = server.connection()

    # The most that dockerd forwards is less: 4 MiB are 5.6 MB in base64 (docker-facts 1.3).
    assert connection.ask("POST", "/AuthZPlugin.AuthZReq", b"x" * LIMIT) == (200, {"Allow": True, "Msg": str(LIMIT)})
    assert connection.ask("POST", "/AuthZPlugin.AuthZReq", b"x" * (LIMIT + 1))[1]["Allow"] is False
    assert connection.ask("POST", "/AuthZPlugin.AuthZReq", b"x" * (20 << 20))[1]["Allow"] is False
    assert connection.ask("POST", "/AuthZPlugin.AuthZReq", b"ok")[1]["Allow"] is True
    connection.close()


def test_a_connection_is_used_again_and_again(server: Server) -> None:
    connection = server.connection()
    connection.connect()
    used = connection.sock

    for _ in range(20):
        assert connection.ask("POST", "/AuthZPlugin.AuthZReq", b"{}")[0] == 200
    assert connection.sock is used
    connection.close()


def test_sixty_four_connections_are_served_at_once(server: Server) -> None:
    connections = [server.connection() for _ in range(64)]

    def ask(connection: UnixConnection) -> bool:
        return bool(connection.ask("POST", "/AuthZPlugin.AuthZReq", b"wait 0.5")[1]["Allow"])

    began = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(ask, connections))

    assert answers == [True] * 64
    # One after the other they would take 32 s.
    assert time.monotonic() - began < 10
    for connection in connections:
        connection.close()


def test_idle_connections_do_not_shut_others_out(server: Server) -> None:
    idle = [server.connection() for _ in range(100)]
    for connection in idle:
        connection.ask("POST", "/Plugin.Activate")

    assert server.allows()
    for connection in idle:
        connection.close()
