"""However much greedy clients take, others have their share, and the door has its bound."""

import json
import socket
from pathlib import Path

import pytest

from portero.door.shares import ConnectionRoom, Share, Turns, count_connections
from tests.door.greedy import BULK, GET, LABELS, STREAM, expect_service, separate_door, take_connections
from tests.door.running import receive_all

# 60 KiB of one field, and no end.
UNFINISHED = b"GET / HTTP/1.1\r\nX: " + b"x" * (60 << 10)


def take_all(share: Share, client: str) -> int:
    taken = 0
    while share.resize(client, 0, 1):
        taken += 1
    return taken


def test_whoever_comes_first_leaves_something_for_the_next() -> None:
    share = Share(1000)
    taken = [take_all(share, f"greedy {number}") for number in range(10)]

    assert taken[0] == 250
    assert taken == sorted(taken, reverse=True)
    assert take_all(share, "another") >= 10


def test_what_is_given_back_can_be_taken_again() -> None:
    share = Share(100)
    assert share.resize("a", 0, 25)
    assert not share.resize("a", 25, 26)
    assert share.resize("a", 25, 5)
    assert share.resize("a", 5, 25)
    assert share.resize("a", 25, 0)
    assert share.resize("b", 0, 100)
    assert not share.resize("a", 0, 1)


def test_some_connections_only_hear_that_they_are_refused() -> None:
    room = ConnectionRoom(80)
    shares = [room.take("a") for _ in range(30)]

    assert shares.count(room.served) == 17
    assert shares.count(None) == 11
    assert room.take("b") is room.served


def test_connections_fit_into_the_descriptors_of_the_process() -> None:
    assert (count_connections(64), count_connections(1024), count_connections(1 << 20)) == (2, 384, 16384)


def test_each_client_has_its_turn() -> None:
    turns: Turns[int] = Turns()
    for one in (1, 2, 3):
        turns.add("a", one)
    turns.add("b", 4)
    turns.add("a", 1)
    turns.discard("a", 3)
    turns.discard("c", 9)

    assert [turns.take(), turns.take(), turns.take()] == [1, 4, 2]
    assert not turns


def test_whose_turns_take_long_waits_until_others_have_had_as_much() -> None:
    turns: Turns[int] = Turns()
    for one in (1, 2):
        turns.add("slow", one)
    assert turns.take() == 1
    turns.charge("slow", 0.03)
    turns.add("quick", 3)
    for _ in range(2):
        assert turns.take() == 3
        turns.charge("quick", 0.02)
        turns.add("quick", 3)
    # It does not wait longer than that.
    assert turns.take() == 2


@pytest.mark.parametrize("greedy", [2, 10])
@pytest.mark.parametrize(("first", "all_take"), [(b"", 8000), (UNFINISHED, 2000), (STREAM, 200), (BULK, 200)])
def test_greedy_clients_leave_others_their_ping(tmp_path: Path, greedy: int, first: bytes, all_take: int) -> None:
    names = [f"g{number}" for number in range(greedy)]
    with separate_door(tmp_path, [*names, "other"]) as door:
        held = [one for name in names for one in take_connections(door.path(name), first, all_take // greedy)]
        expect_service(door, "other", held)


def test_who_has_too_many_unfinished_heads_hears_it(tmp_path: Path) -> None:
    with separate_door(tmp_path, ["greedy"]) as door:
        held = take_connections(door.path("greedy"), UNFINISHED, 400)
        answers = [_peek(one) for one in held]
        for one in held:
            one.close()
        assert door.time_ping("greedy") < 5

    refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")]
    assert 200 < len(refused) < 300
    assert b"Too much waits for this client at once" in refused[0]


def _peek(one: socket.socket) -> bytes:
    one.settimeout(0.01)
    try:
        return receive_all(one)
    except TimeoutError:
        return b""


def test_bodies_of_clients_that_go_leave_nothing_in_memory(tmp_path: Path) -> None:
    """Found by an attacker: 214 of them, one after the other, took 256 MiB, the bound of the unit (MemoryMax)."""
    head = b"POST /volumes/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: 2000000"
    with separate_door(tmp_path, [LABELS]) as door:
        for _ in range(60):
            (client,) = take_connections(door.path(LABELS), head + b"\r\n\r\n" + b" " * 1_900_000, 1)
            client.close()
        door.time_ping(LABELS)
        assert door.read_memory() < 96


@pytest.mark.parametrize("letter", ["x", "\U0001f40b"])
def test_bodies_that_are_held_while_dockerd_is_silent_count_as_what_they_take(tmp_path: Path, letter: str) -> None:
    """Found by an attacker: ten clients made it 127 MiB, and 212 with a letter that a text takes as four bytes each."""
    labels = {"a": "x" * 1_980_000 + letter}
    body = {"Labels": labels, "HostConfig": {"Binds": ["data:/v"]}}
    data = json.dumps(body, ensure_ascii=False).encode()
    head = b"POST /containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
    sent = head + b"Content-Length: %d\r\n\r\n" % len(data) + data
    names = [f"g{number}" for number in range(10)]
    with separate_door(tmp_path, [*names, "other"], labels=names) as door:
        held = [one for name in names for one in take_connections(door.path(name), sent, 8)]
        expect_service(door, "other", held)


def test_two_thousand_idle_streams_need_little_memory(tmp_path: Path) -> None:
    with separate_door(tmp_path, ["tool"]) as door:
        held = take_connections(door.path("tool"), STREAM, 2000)
        assert all(one.recv(100) for one in held)
        memory = door.read_memory()
        for one in held:
            one.close()
        assert receive_all_of(door.path("tool"))

    assert len(held) == 2000
    assert memory < 60


def receive_all_of(path: Path) -> bytes:
    (one,) = take_connections(path, GET, 1)
    with one:
        return receive_all(one)
