"""A daemon of three lines stands for dockerd."""

import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

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


def find(known: NetworkNames, network: str) -> str | None:
    """The name, as a request of its own finds it."""
    return known.new_lookup()(network)


def test_the_daemon_tells_the_name_behind_an_id(address: str) -> None:
    with dockerd(address, http("200 OK", '{"Name": "host", "Id": "0123456789ab..."}')) as asked:
        assert find(names(address), ID) == "host"

    assert asked[0].startswith(b"GET /networks/" + ID.encode() + b" HTTP/1.1\r\n")


def test_a_name_is_its_own_name_and_nobody_is_asked() -> None:
    def nobody() -> tuple[str, ...]:
        raise AssertionError("asked")

    assert find(NetworkNames(nobody), "back-end") == "back-end"


def test_what_no_daemon_knows_is_its_own_name(address: str) -> None:
    with dockerd(address, http("404 Not Found", '{"message": "no such network"}')):
        assert find(names(address), ID) == ID


def test_a_daemon_that_does_not_know_does_not_hide_one_that_does(address: str) -> None:
    other = address + "2"
    with (
        dockerd(address, http("404 Not Found", "{}")),
        dockerd(other, http("200 OK", '{"Name": "host"}')),
    ):
        assert find(names(address, other), ID) == "host"


def test_a_daemon_that_does_not_know_is_not_enough_when_another_is_silent(address: str) -> None:
    with dockerd(address, http("404 Not Found", "{}")):
        assert find(names(address, address + ".missing"), ID) is None


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
        assert find(names(address), ID) is None


def test_without_a_daemon_the_name_cannot_be_found_out() -> None:
    assert find(names(), ID) is None


def test_a_silent_daemon_is_not_waited_for_long(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "_SECONDS", 0.05)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()

        assert find(names(address), ID) is None


def test_a_name_is_asked_for_once(address: str) -> None:
    known = names(address)
    with dockerd(address, http("200 OK", '{"Name": "host"}')):
        assert find(known, ID) == "host"

    assert find(known, ID) == "host"


def test_the_beginning_of_an_id_is_asked_for_every_time_since_it_may_come_to_mean_another(address: str) -> None:
    known = names(address)
    with dockerd(address, http("200 OK", '{"Name": "backend"}'), http("200 OK", '{"Name": "host"}')):
        assert find(known, "3f9") == "backend"
        assert find(known, "3f9") == "host"


def test_a_missing_network_is_asked_for_again(address: str) -> None:
    known = names(address)
    with dockerd(address, http("404 Not Found", "{}"), http("200 OK", '{"Name": "host"}')):
        assert find(known, ID) == ID
        assert find(known, ID) == "host"


def test_names_are_not_kept_without_bound(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "_KEPT_NAMES", 1)
    known = names(address)
    with dockerd(address, *[http("200 OK", '{"Name": "host"}')] * 3) as asked:
        for network in (ID, ID[::-1], ID):
            assert find(known, network) == "host"

    assert len(asked) == 3


def test_one_request_asks_for_a_name_once(address: str) -> None:
    find_name = names(address).new_lookup()
    with dockerd(address, http("404 Not Found", "{}")) as asked:
        assert [find_name("3f9"), find_name("3f9")] == ["3f9", "3f9"]

    assert len(asked) == 1


def test_one_request_asks_for_at_most_32_names() -> None:
    asked = []

    def addresses() -> tuple[str, ...]:
        asked.append(1)
        return ("/nowhere.sock",)

    find_name = NetworkNames(addresses).new_lookup()

    assert {find_name(f"{number:012x}") for number in range(2000)} == {None}
    assert len(asked) == 32


@contextmanager
def dripping(address: str) -> Iterator[None]:
    """A daemon that sends one byte of its answer every 20 ms, to every client, without end."""
    stop = Event()

    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not stop.wait(0.02):
                connection.sendall(b" ")

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    Thread(target=drip, args=(server.accept()[0],), daemon=True).start()

        Thread(target=serve, daemon=True).start()
        yield
        stop.set()
        server.shutdown(socket.SHUT_RDWR)


def test_all_names_of_a_request_share_one_deadline_even_with_a_daemon_that_drips(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "_SECONDS", 0.3)
    find_name = names(address).new_lookup()
    with dripping(address):
        started = time.monotonic()
        found = [find_name(f"{number:012x}") for number in range(10)]
        took = time.monotonic() - started

    assert found == [None] * 10
    assert 0.25 < took < 3
