"""A daemon of three lines stands for dockerd."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from portero.objects import networks
from portero.objects.networks import NetworkNames

ID = "0123456789ab" + "0" * 52


@pytest.fixture
def address() -> Iterator[str]:
    # A Unix socket's address is short; pytest's folders are not.
    with tempfile.TemporaryDirectory() as folder:
        yield str(Path(folder) / "d.sock")


@contextmanager
def dockerd(address: str, *answers: bytes) -> Iterator[list[bytes]]:
    """Answers one connection each, then is gone; the list gets what was asked."""
    asked: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield asked
        thread.join(5)


def http(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def names(*addresses: str) -> NetworkNames:
    return NetworkNames(lambda: addresses)


def test_the_daemon_tells_the_name_behind_an_id(address: str) -> None:
    with dockerd(address, http("200 OK", '{"Name": "host", "Id": "0123456789ab..."}')) as asked:
        assert names(address).name_of(ID) == "host"

    assert asked[0].startswith(b"GET /networks/" + ID.encode() + b" HTTP/1.1\r\n")


def test_a_name_is_its_own_name_and_nobody_is_asked() -> None:
    def nobody() -> tuple[str, ...]:
        raise AssertionError("asked")

    assert NetworkNames(nobody).name_of("back-end") == "back-end"


def test_what_no_daemon_knows_is_its_own_name(address: str) -> None:
    with dockerd(address, http("404 Not Found", '{"message": "no such network"}')):
        assert names(address).name_of(ID) == ID


def test_a_daemon_that_does_not_know_does_not_hide_one_that_does(address: str) -> None:
    other = address + "2"
    with (
        dockerd(address, http("404 Not Found", "{}")),
        dockerd(other, http("200 OK", '{"Name": "host"}')),
    ):
        assert names(address, other).name_of(ID) == "host"


def test_a_daemon_that_does_not_know_is_not_enough_when_another_is_silent(address: str) -> None:
    with dockerd(address, http("404 Not Found", "{}")):
        assert names(address, address + ".missing").name_of(ID) is None


@pytest.mark.parametrize(
    "answer",
    [
        http("500 Internal Server Error", '{"Name": "host"}'),
        http("403 Forbidden", '{"message": "denied"}'),
        http("200 OK", "not JSON"),
        http("200 OK", "[" * 100_000),
        http("200 OK", "[]"),
        http("200 OK", "{}"),
        http("200 OK", '{"Name": ""}'),
        http("200 OK", '{"Name": 1}'),
        b"garbage\r\n\r\n",
        b"",
    ],
    ids=["error", "refused", "no-json", "deep", "list", "no-name", "empty-name", "number", "garbage", "hang-up"],
)
def test_an_answer_that_tells_no_name_is_not_a_name(address: str, answer: bytes) -> None:
    with dockerd(address, answer):
        assert names(address).name_of(ID) is None


def test_without_a_daemon_the_name_cannot_be_found_out() -> None:
    assert names().name_of(ID) is None


def test_a_silent_daemon_is_not_waited_for_long(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "_TIMEOUT_SECONDS", 0.05)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()

        assert names(address).name_of(ID) is None


def test_a_name_is_asked_for_once(address: str) -> None:
    known = names(address)
    with dockerd(address, http("200 OK", '{"Name": "host"}')):
        assert known.name_of(ID) == "host"

    assert known.name_of(ID) == "host"


def test_the_beginning_of_an_id_is_asked_for_every_time_since_it_may_come_to_mean_another(address: str) -> None:
    known = names(address)
    with dockerd(address, http("200 OK", '{"Name": "backend"}'), http("200 OK", '{"Name": "host"}')):
        assert known.name_of("3f9") == "backend"
        assert known.name_of("3f9") == "host"


def test_a_missing_network_is_asked_for_again(address: str) -> None:
    known = names(address)
    with dockerd(address, http("404 Not Found", "{}"), http("200 OK", '{"Name": "host"}')):
        assert known.name_of(ID) == ID
        assert known.name_of(ID) == "host"


def test_names_are_not_kept_without_bound(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "_KEPT_NAMES", 1)
    known = names(address)
    with dockerd(address, *[http("200 OK", '{"Name": "host"}')] * 3) as asked:
        for network in (ID, ID[::-1], ID):
            assert known.name_of(network) == "host"

    assert len(asked) == 3
