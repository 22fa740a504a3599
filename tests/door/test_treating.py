"""Requests and answers that a treatment changes, through a whole door; what passes as it came; what is refused."""

import gc
import json
import os
import socket
import threading
from pathlib import Path

import pytest

from portero.door.asking import Exchange
from portero.door.treatment import (
    Request,
    Treat,
    Treating,
    Treatment,
    TurnedAway,
    ask,
    hold_body,
)
from tests.door.running import ANSWER, connect, receive_all, running_door
from tests.door.running import ask as send
from tests.waiting import wait_until

TRAEFIK = "traefik/docker.sock"
POST = b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"


def double(request: Request) -> Treating:
    body = yield from hold_body(100)
    return Treatment(body=None if body is None else body * 2)


class Upper:
    """Passes the answer on in capitals; ends with what it does not like."""

    held = 0

    def __init__(self) -> None:
        self.ended = False

    def feed(self, data: bytes) -> bytes:
        self.ended = b"bad" in data
        return data.upper()

    def end(self) -> bytes:
        return b"<END>"


@pytest.mark.parametrize(
    ("sent", "reaches"),
    [
        (b"Content-Length: 2\r\n\r\n{}", b"{}{}"),
        (b"Content-Length: 2\r\n\r\n{}GET /second HTTP/1.1\r\n\r\n", b"{}{}"),
        (b"Content-Length: 0\r\n\r\n", b""),
        (b"Content-Length: 101\r\n\r\n" + b"x" * 101, b"x" * 101),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"2\r\n{}\r\n0\r\n\r\n"),
    ],
)
def test_a_body_that_is_held_is_changed_with_its_length(tmp_path: Path, sent: bytes, reaches: bytes) -> None:
    def serve(client: socket.socket) -> None:
        client.settimeout(0.2)
        dockerd.seen[-1].extend(_receive_quietly(client))
        client.sendall(ANSWER)

    with running_door(tmp_path, serve=serve, treat=double) as (doors, dockerd, _):
        assert send(doors / TRAEFIK, POST + sent) == ANSWER

    head, _, body = bytes(dockerd.seen[0]).partition(b"\r\n\r\n")
    assert body == reaches
    if b"chunked" not in sent:
        assert b"\r\nContent-Length: %d" % len(reaches) in head


def test_who_waits_for_permission_to_send_a_body_gets_it(tmp_path: Path) -> None:
    with running_door(tmp_path, treat=double) as (doors, dockerd, _), connect(doors / TRAEFIK) as client:
        client.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert receive_all(client) == ANSWER

    assert b"Expect" not in dockerd.seen[0]
    assert dockerd.seen[0].endswith(b"\r\n\r\n{}{}")


def _receive_quietly(client: socket.socket) -> bytes:
    try:
        return client.recv(1 << 16)
    except TimeoutError:
        return b""


def test_an_answer_is_filtered_and_can_be_cut(tmp_path: Path) -> None:
    def treat(request: Request) -> Treating:
        yield from ()
        return Treatment(target="/other", answer=Upper())

    def serve(client: socket.socket) -> None:
        client.sendall(b"bad" if b"POST" in dockerd.seen[-1] else b"good")
        if b"POST" in dockerd.seen[-1]:
            client.recv(1)

    with running_door(tmp_path, serve=serve, treat=treat) as (doors, dockerd, _):
        assert send(doors / TRAEFIK, b"GET /x HTTP/1.1\r\nHost: d\r\n\r\n") == b"GOOD<END>"
        assert send(doors / TRAEFIK, POST + b"\r\n") == b"BAD"
    assert dockerd.seen[0].startswith(b"GET /other HTTP/1.1\r\n")


def test_dockerd_is_asked_first_in_the_name_of_the_caller(tmp_path: Path) -> None:
    def treat(request: Request) -> Treating:
        first = yield from ask("GET", "/services")
        second = yield from ask("POST", "/volumes/create", b"{}")
        return Treatment(target=f"/{first.status}-{second.body.decode()}")

    with running_door(tmp_path, treat=treat) as (doors, dockerd, _):
        assert send(doors / TRAEFIK, b"GET /x HTTP/1.1\r\nHost: d\r\n\r\n") == ANSWER

    lines = [bytes(seen.split(b"\r\n")[0]) for seen in dockerd.seen]
    assert lines == [b"GET /services HTTP/1.1", b"POST /volumes/create HTTP/1.1", b"GET /200-OK HTTP/1.1"]
    assert all(seen.count(b"X-Portero-Door: ") == 1 for seen in dockerd.seen)


def test_what_was_answered_holds_no_descriptor_and_no_memory(tmp_path: Path) -> None:
    """A creation with 128 volumes asks 256 times: 80 of them took all descriptors of the door."""
    seen: list[tuple[int, int]] = []

    def treat(request: Request) -> Treating:
        for _ in range(40):
            yield from ask("GET", "/services")
        return Treatment(target="/last")

    def serve(client: socket.socket) -> None:
        if dockerd.seen[-1].startswith(b"GET /last "):
            held = sum(each.held for each in gc.get_objects() if isinstance(each, Exchange))
            seen.append((len(os.listdir("/proc/self/fd")), held))
        client.sendall(ANSWER)

    with running_door(tmp_path, serve=serve, treat=treat) as (doors, dockerd, _):
        before = len(os.listdir("/proc/self/fd"))
        assert send(doors / TRAEFIK, b"GET /x HTTP/1.1\r\nHost: d\r\n\r\n") == ANSWER

    ((descriptors, held),) = seen
    assert descriptors < before + 20
    assert held == 0


@pytest.mark.parametrize(("length", "status"), [(2, b"200"), (40 << 20, b"429")])
def test_who_is_refused_lingers_and_keeps_nothing(tmp_path: Path, length: int, status: bytes) -> None:
    """Found by an attacker: 200 such clients with bodies of 2 MiB made the door 767 MiB, and its unit has 256."""
    ended: list[int] = []

    def treat(request: Request) -> Treating:
        body = yield from hold_body(100)
        try:
            answer = yield from ask("GET", "/x", max_bytes=64 << 20)
        finally:
            ended.append(len(body or b""))
        return Treatment(body=answer.body)

    def serve(client: socket.socket) -> None:
        client.sendall(ANSWER if dockerd.seen[-1].startswith(b"POST ") else b"HTTP/1.1 200 OK\r\n\r\n" + bytes(length))

    with (
        running_door(tmp_path, serve=serve, treat=treat) as (doors, dockerd, _),
        connect(doors / TRAEFIK) as client,
    ):
        client.sendall(POST + b"Content-Length: 2\r\n\r\n{}")
        # The client goes on: it does not close its side.
        assert client.recv(12) == b"HTTP/1.1 " + status
        assert ended == [2]


@pytest.mark.parametrize("how", [socket.SHUT_WR, socket.SHUT_RDWR])
def test_who_goes_while_dockerd_is_asked_is_waited_for_no_more(tmp_path: Path, how: int) -> None:
    """Who closes one half waits for the answer."""
    ended, answers = threading.Event(), threading.Event()

    def treat(request: Request) -> Treating:
        try:
            yield from ask("GET", "/x")
        finally:
            ended.set()
        return Treatment()

    def serve(client: socket.socket) -> None:
        answers.wait(20)
        client.sendall(ANSWER)

    with (
        running_door(tmp_path, serve=serve, treat=treat) as (doors, dockerd, _),
        connect(doors / TRAEFIK) as client,
    ):
        client.sendall(b"GET /x HTTP/1.1\r\nHost: d\r\n\r\n")
        wait_until(lambda: bool(dockerd.seen), "dockerd is asked")
        client.shutdown(how)
        assert ended.wait(2) is (how == socket.SHUT_RDWR)
        answers.set()
        assert receive_all(client) == (b"" if how == socket.SHUT_RDWR else ANSWER)


def refuse(request: Request) -> Treating:
    yield from ()
    raise TurnedAway(503, f"{request.method} {request.target}: not now.")


def ask_in_vain(request: Request) -> Treating:
    answer = yield from ask("GET", "/x", max_bytes=3)
    raise TurnedAway(502, f"dockerd does not answer with less: {answer.status}.")


@pytest.mark.parametrize(
    ("treat", "status", "message"),
    [(refuse, 503, "GET /x: not now."), (ask_in_vain, 502, "does not answer with less: 0.")],
)
def test_what_cannot_be_treated_is_refused(tmp_path: Path, treat: Treat, status: int, message: str) -> None:
    with running_door(tmp_path, treat=treat) as (doors, _, _):
        head, _, content = send(doors / TRAEFIK, b"GET /x HTTP/1.1\r\nHost: d\r\n\r\n").partition(b"\r\n\r\n")

    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert message in json.loads(content)["message"]
