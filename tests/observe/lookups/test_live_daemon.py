"""What is kept of the daemons that ask: whether they are asked what exists, and how the last lookups went."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from portero.decide.interfaces.daemon import Peer
from portero.observe.dockerd import api
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.dockerd.connection_pool import ConnectionPool
from portero.observe.lookups import live_daemon
from portero.observe.lookups.live_daemon import DaemonNetworks, LiveDaemon, NetworkNames
from portero.observe.stores.api_tables import load_api
from portero.observe.writers.writer_memory import WriterMemory
from tests.observe.dockerd.test_asking_daemon import ROOTS, locate
from tests.observe.lookups.answering import MISSING, answering, http
from tests.unix_server import silent

ID = "0123456789ab" + "0" * 52
HOST = "12d8" + "f" * 60
SWARMS_HOST = "nw47" + "z" * 21
# The one that answers below is who runs the tests.
DAEMON = replace(locate(ROOTS), uid=os.geteuid())


def network(name: str, id: str = ID) -> bytes:
    return http("200 OK", json.dumps({"Name": name, "Id": id}))


@contextmanager
def dockerd(address: str, answers: dict[str, bytes] | None = None) -> Iterator[list[str]]:
    """Answers each network by its name; the list gets what was asked."""
    known = {"host": network("host", HOST), "host?scope=swarm": MISSING} | (answers or {})
    targets = {f"/networks/{name}": answer for name, answer in known.items()}
    with answering(address, targets, lambda arrived: arrived.split()[1].removeprefix("/networks/")) as asked:
        yield asked


def names(*addresses: str) -> DaemonNetworks:
    return DaemonNetworks(lambda daemon: addresses)


def new_lookup(known: DaemonNetworks, daemon: AskingDaemon | None = None) -> Callable[[str], str | None]:
    return NetworkNames(known, lambda: daemon).find_name


def find(known: DaemonNetworks, network: str, daemon: AskingDaemon | None = None) -> str | None:
    """The name, as a request of its own finds it."""
    return new_lookup(known, daemon)(network)


def test_the_daemon_knows_the_name_behind_an_id(address: str) -> None:
    with dockerd(address, {ID: network("backend")}) as asked:
        assert find(names(address), ID) == "backend"

    assert asked == ["host", "host?scope=swarm", ID]


def test_connections_that_are_kept_of_the_daemon_are_taken(address: str) -> None:
    asked = list[Any]()

    class Kept(ConnectionPool):
        def take(self, address: str) -> None:
            asked.append(address)

    def find_connections(daemon: AskingDaemon | None) -> Kept:
        asked.append(daemon)
        return Kept()

    with dockerd(address):
        find(DaemonNetworks(lambda daemon: [address], find_connections), ID, DAEMON)
    assert asked == [DAEMON, address, address, address]


def test_a_name_that_begins_no_id_is_its_own_and_the_daemon_is_not_even_looked_for() -> None:
    def fail(_: object) -> tuple[str, ...]:
        raise AssertionError("asked")

    assert find(DaemonNetworks(fail), "back-end") == "back-end"


@pytest.mark.parametrize(("answers", "name"), [({}, ID), ({"host": MISSING}, None)], ids=["this one", "the host's"])
def test_what_the_daemon_does_not_know_is_its_own_name_unless_it_is_the_hosts(
    address: str, answers: dict[str, bytes], name: str | None
) -> None:
    with dockerd(address, answers):
        assert find(names(address), ID) == name


@pytest.mark.parametrize("beginning", ["1", "12d8", HOST, "n", "nw47z", SWARMS_HOST])
def test_a_beginning_of_an_id_of_the_hosts_network_is_that_network_whatever_else_has_that_name(
    address: str, beginning: str
) -> None:
    answers = {"host?scope=swarm": network("host", SWARMS_HOST), beginning: network(beginning)}
    with dockerd(address, answers):
        assert find(names(address), beginning) == "host"


@pytest.mark.parametrize("name", ["mine", "f", "0"])
def test_any_other_name_is_asked_of_the_daemon(address: str, name: str) -> None:
    with dockerd(address, {name: network(name), "host?scope=swarm": network("host", SWARMS_HOST)}):
        assert find(names(address), name) == name


NO_ANSWERS = {
    "error": http("500 Internal Server Error", '{"Name": "host", "Id": "1"}'),
    "refused": http("403 Forbidden", '{"message": "denied"}'),
    "no-json": http("200 OK", "not JSON"),
    "deep": http("200 OK", "[" * 100_000),
    "list": http("200 OK", "[]"),
    "no-name": http("200 OK", "{}"),
    "no-id": http("200 OK", '{"Name": "backend"}'),
    "empty-name": http("200 OK", '{"Name": "", "Id": "1"}'),
    "number": http("200 OK", '{"Name": 1, "Id": "1"}'),
    "garbage": b"garbage\r\n\r\n",
    "hang-up": b"",
}


@pytest.mark.parametrize("target", [ID, "host", "host?scope=swarm"])
@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_an_answer_without_a_name_is_not_a_name(address: str, target: str, answer: bytes) -> None:
    with dockerd(address, {ID: network("backend"), target: answer}):
        assert find(names(address), ID) is None


def test_without_a_daemon_no_name_that_can_begin_an_id_is_found_out(address: str) -> None:
    assert find(names(), ID) is None
    assert find(names(address), "mine") is None


def test_the_first_socket_of_the_daemon_that_answers_counts(address: str) -> None:
    with dockerd(address, {ID: network("backend")}), dockerd(address + "2") as other:
        assert find(names(address + ".missing", address, address + "2"), ID) == "backend"

    assert other == []


@pytest.mark.parametrize(("uid", "name"), [(os.geteuid(), "backend"), (4711, None)])
def test_only_a_socket_of_roots_or_of_the_daemons_user_is_asked(
    address: str, uid: int, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "read_peer", lambda _: Peer(7, uid))
    with dockerd(address, {ID: network("backend")}):
        assert find(names(address), ID, replace(DAEMON, uid=os.geteuid())) == name


def test_a_silent_daemon_is_not_waited_for_long(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "SECONDS", 0.05)
    with silent(address):
        assert find(names(address), ID) is None


def test_the_name_of_a_whole_id_and_the_hosts_id_are_asked_for_once(address: str) -> None:
    known = names(address)
    with dockerd(address, {ID: network("backend")}) as asked:
        assert [find(known, name, DAEMON) for name in (ID, ID, "mine")] == ["backend", "backend", "mine"]

    assert asked == ["host", "host?scope=swarm", ID, "host?scope=swarm", "mine"]


def test_what_one_daemon_said_is_not_known_of_another(address: str) -> None:
    known = names(address)
    with dockerd(address, {ID: network("backend")}):
        assert find(known, ID, DAEMON) == "backend"

    assert find(known, ID, replace(DAEMON, pid=DAEMON.pid + 1)) is None


def test_of_a_daemon_that_is_not_seen_nothing_is_kept_since_it_may_be_another_one_next_time(address: str) -> None:
    known = names(address)
    with dockerd(address, {"3f9": network("mine")}):
        assert find(known, "3f9") == "mine"
    Path(address).unlink()
    # A user's network has the name that dockerd would complete to the new host's.
    with dockerd(address, {"host": network("host", "3f9" + HOST[3:]), "3f9": network("mine")}):
        assert find(known, "3f9") == "host"


def test_the_beginning_of_an_id_is_asked_for_every_time_since_it_may_come_to_mean_another(address: str) -> None:
    known = names(address)
    answers = {"3f9": network("backend")}
    with dockerd(address, answers):
        assert find(known, "3f9") == "backend"
    Path(address).unlink()
    with dockerd(address, {"3f9": network("other")}):
        assert find(known, "3f9") == "other"


def test_one_request_asks_for_a_name_once_and_the_next_one_again_for_a_missing_network(address: str) -> None:
    known = names(address)
    find_name = new_lookup(known)
    with dockerd(address) as asked:
        assert [find_name("3f9"), find_name("3f9")] == ["3f9", "3f9"]
        assert [find(known, ID), find(known, ID)] == [ID, ID]

    assert (asked.count("3f9"), asked.count(ID)) == (1, 2)


def test_names_are_not_kept_without_bound(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_daemon, "_MAX_CACHED_NAMES", 1)
    known = names(address)
    with dockerd(address, {ID: network("a"), ID[::-1]: network("b")}) as asked:
        assert [find(known, id, DAEMON) for id in (ID, ID[::-1], ID)] == ["a", "b", "a"]

    assert asked.count(ID) == 2


def test_one_request_asks_for_at_most_128_names(address: str) -> None:
    find_name = new_lookup(names(address))
    with dockerd(address) as asked:
        found = [find_name(f"{number:012x}") for number in range(2000)]

    assert found[128:] == [None] * 1872
    assert len(asked) == 130


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
    monkeypatch.setattr(api, "SECONDS", 0.3)
    find_name = new_lookup(names(address))
    with dripping(address):
        started = time.monotonic()
        found = [find_name(f"{number:012x}") for number in range(10)]
        took = time.monotonic() - started

    assert found == [None] * 10
    assert 0.25 < took < 3


def test_whether_the_last_lookup_was_answered_is_known(address: str) -> None:
    def fails(known: DaemonNetworks) -> bool:
        find(known, ID, DAEMON)
        return known.has_failed

    known = names(address)
    failed = [known.has_failed, fails(known)]
    with dockerd(address):
        failed.append(fails(known))
    os.unlink(address)
    with dockerd(address, {ID: NO_ANSWERS["error"]}):
        failed.append(fails(names(address)))

    assert failed == [False, True, False, True]


def make(*, looks_up: bool) -> LiveDaemon:
    return LiveDaemon(lambda daemon: [], WriterMemory(None), load_api()[0], looks_up=looks_up)


@pytest.mark.parametrize(("looks_up", "state"), [(True, "unavailable"), (False, "off")])
def test_a_daemon_without_a_socket_is_not_asked(*, looks_up: bool, state: str) -> None:
    daemon = make(looks_up=looks_up)

    assert daemon.new_objects(lambda: None) is None
    assert daemon.lookup_state == state
    assert (daemon.followed is not None) is looks_up


def test_a_network_that_is_not_found_is_told() -> None:
    daemon = make(looks_up=True)

    assert not daemon.names_fail
    assert daemon.new_names(lambda: None)("a" * 64) is None
    assert daemon.names_fail
