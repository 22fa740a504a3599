"""One connection: answered in order, never before a request is whole, and ended for whatever is malformed."""

import errno
import json
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portero.decide.interfaces.daemon import DockerdIdentity, Peer
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd import peer
from portero.observe.process.threads import call_before_wait
from portero.serve.server import http_connection as connection
from portero.serve.server.http_connection import Connection, Progress
from portero.serve.server.status_pages import create_pages

# More than a socket takes when nobody reads.
FIGURES = 1 << 20
HEAD = b"POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: x\r\n"


class Judge:
    """Allows what says so; counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.peers: list[Peer] = []
        self.results: list[bytes] = []
        self.may_note = threading.Event()
        self.may_note.set()

    def answer(self, data: bytes, peer: Peer) -> Mapping[str, JSON]:
        self.asked.append(data)
        self.peers.append(peer)
        if data == b"fail":
            raise RuntimeError("on demand")
        return {"Allow": data.startswith(b"allow"), "Msg": ""}

    def note_result(self, data: bytes, peer: Peer, send: Callable[[], None] | None = None) -> None:
        if data == b"fail":
            raise RuntimeError("on demand")
        try:
            if send:
                send()
        finally:
            assert self.may_note.wait(10)
            self.peers.append(peer)
            self.results.append(data)

    def failure(self) -> Mapping[str, JSON]:
        return {"Allow": False, "Msg": "internal-error"}

    def health(self) -> Mapping[str, JSON]:
        return {"well": True}

    def status(self) -> Mapping[str, JSON]:
        return {}

    def metrics_text(self) -> bytes:
        return b"x" * FIGURES


def connect(
    judge: Judge, turns: int | threading.Semaphore = 1, ending: Callable[[], bool] = lambda: False
) -> tuple[socket.socket, Connection]:
    """The client's end of a connection, and ours."""
    ours, theirs = socket.socketpair()
    ours.settimeout(30)
    turns = threading.Semaphore(turns) if isinstance(turns, int) else turns
    return ours, Connection(theirs, judge, create_pages(judge), turns, ending)


@contextmanager
def served(
    judge: Judge, turns: int | threading.Semaphore = 4, ending: Callable[[], bool] = lambda: False
) -> Iterator[socket.socket]:
    """The client's end of a connection that is being served."""
    ours, serving = connect(judge, turns, ending)
    thread = threading.Thread(target=serve, args=(serving,))
    thread.start()
    try:
        yield ours
    finally:
        ours.close()
        thread.join(10)
    assert not thread.is_alive()


def serve(serving: Connection) -> None:
    """As the loop does: when something has arrived, within a leader's limits first."""
    progress = Progress.ANSWERED
    while progress is Progress.ANSWERED:
        if not select.select([serving.descriptor], (), (), 0.02)[0]:
            serving.hang_up_if_idle()
            continue
        with suppress(OSError):
            if (progress := serving.serve_one(small_only=True)) is Progress.BEYOND_LIMITS:
                progress = Progress.ENDED
                progress = serving.serve_one()
    serving.close()


def exchanged(judge: Judge, data: bytes) -> bytes:
    """Everything that comes back until the connection ends."""
    with served(judge) as client:
        with suppress(OSError):
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: received(client), b""))


def received(client: socket.socket) -> bytes:
    try:
        return client.recv(1 << 16)
    except ConnectionResetError:
        return b""


def request(body: bytes, more: bytes = b"") -> bytes:
    return HEAD + more + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def result(body: bytes) -> bytes:
    return request(body).replace(b"AuthZReq", b"AuthZRes")


def answer(client: socket.socket) -> tuple[bytes, Any]:
    head, _, body = client.recv(1 << 16).partition(b"\r\n\r\n")
    return head, json.loads(body)


@pytest.fixture
def judge() -> Judge:
    return Judge()


def test_requests_are_answered_one_after_the_other(judge: Judge) -> None:
    with served(judge) as client:
        for body, allowed in ((b"allow", True), (b"no", False), (b"fail", False)):
            client.sendall(request(body))
            head, document = answer(client)

            assert (head.split(b"\r\n")[0], document["Allow"]) == (b"HTTP/1.1 200 OK", allowed)
            assert b"Connection: keep-alive" in head

    assert judge.asked == [b"allow", b"no", b"fail"]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [("GET", "/healthz", b"200"), ("GET", "/AuthZPlugin.AuthZReq", b"405"), ("POST", "/other", b"404")],
)
def test_other_pages_are_no_answers_about_requests(judge: Judge, method: str, target: str, status: bytes) -> None:
    got = exchanged(judge, f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    assert got.split(b" ")[1] == status
    assert b'"Allow"' not in got
    assert judge.asked == []


@pytest.mark.parametrize("second", [request(b"allow"), b"x", b"\r\n"], ids=["a request", "a byte", "an empty line"])
def test_what_comes_before_an_answer_is_due_makes_both_malformed(judge: Judge, second: bytes) -> None:
    got = exchanged(judge, request(b"allow") + second)

    assert got.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Connection: close" in got
    assert judge.asked == []


@pytest.mark.parametrize(
    "data", [HEAD + b"Content-Length: 9\r\n\r\nallow", HEAD + b"Content-Length: x\r\n\r\n", b"?\r\n\r\n"]
)
def test_half_a_request_is_not_judged(judge: Judge, data: bytes) -> None:
    assert exchanged(judge, data).startswith(b"HTTP/1.1 400")
    assert judge.asked == []


def test_a_client_that_asks_whether_to_go_on_may() -> None:
    with served(Judge()) as client:
        client.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"allow")

        assert answer(client)[1]["Allow"] is True


@pytest.mark.parametrize("call", [b"AuthZReq", b"AuthZRes"])
@pytest.mark.parametrize("began", ["before it was asked", "while the answer was made"])
def test_a_process_that_ends_answers_and_says_that_it_was_the_last_time(call: bytes, began: str) -> None:
    judge, asked = Judge(), request(b"allow").replace(b"AuthZReq", call)
    answered = exchanged(judge, asked)
    assert b"Connection: keep-alive" in answered
    # Though its client sends nothing more.
    assert b'"Allow": true' in answered
    before = len(judge.asked) + len(judge.results)

    def ends() -> bool:
        return began == "before it was asked" or len(judge.asked) + len(judge.results) > before

    with served(judge, ending=ends) as client:
        client.sendall(asked)
        head, document = answer(client)

        if call == b"AuthZRes" and began == "while the answer was made":
            # What is noted is answered already: the next answer is the last one.
            assert b"Connection: keep-alive" in head
            client.sendall(asked)
            head, document = answer(client)
        assert document["Allow"] is True
        assert b"Connection: close" in head
        assert client.recv(1) == b""


def test_a_request_that_does_not_arrive_in_time_is_not_answered(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_ARRIVES_WITHIN", 0.2)
    with served(judge) as client:
        client.sendall(HEAD + b"Content-Length: 100\r\n\r\nallow")

        assert client.recv(1) == b""
    assert judge.asked == []


@pytest.mark.parametrize(("begin", "rest"), [(b"", HEAD * 2), (HEAD + b"Content-Length: 100\r\n\r\n", b"x" * 100)])
def test_a_head_or_body_that_drips_in_does_not_stretch_its_time(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, begin: bytes, rest: bytes
) -> None:
    monkeypatch.setattr(connection, "_ARRIVES_WITHIN", 0.3)
    began = time.monotonic()
    with served(judge) as client, suppress(OSError):
        client.sendall(begin)
        for byte in rest:
            client.sendall(bytes([byte]))
            time.sleep(0.02)

    assert time.monotonic() - began < 2
    assert judge.asked == []


def test_a_request_in_pieces_is_answered_and_the_next_one_may_take_its_time_to_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "_ARRIVES_WITHIN", 0.5)
    with served(Judge()) as client:
        for _ in range(2):
            time.sleep(0.8)
            for piece in (HEAD, b"Content-Length: 5\r\n\r\nal", b"low"):
                client.sendall(piece)
                time.sleep(0.03)

            assert answer(client)[1]["Allow"] is True


def test_an_answer_arrives_in_whole_at_a_client_that_reads_it_slowly(judge: Judge) -> None:
    with served(judge) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        time.sleep(0.1)
        got = b"".join(iter(lambda: client.recv(10_000), b""))

    assert got.partition(b"\r\n\r\n")[2] == judge.metrics_text()


def test_a_client_that_does_not_read_its_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_ARRIVES_WITHIN", 0.2)
    with served(Judge()) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1)
        got = b"".join(iter(lambda: received(client), b""))

    assert 0 < len(got) < FIGURES


@pytest.mark.parametrize("pieces", [[request(b"allow")], [HEAD, b"Content-Length: 5\r\n\r\nallow"]])
def test_after_a_request_an_idle_connection_is_left_open_for_its_time_and_then_closed(
    monkeypatch: pytest.MonkeyPatch, pieces: list[bytes]
) -> None:
    monkeypatch.setattr(connection, "_IDLE", 0.3)
    with served(Judge()) as client:
        for piece in pieces:
            client.sendall(piece)
            time.sleep(0.05)
        answer(client)
        began = time.monotonic()

        assert client.recv(1) == b""
        assert time.monotonic() - began > 0.2


def test_a_request_that_arrived_just_when_its_connection_is_late_is_answered(judge: Judge) -> None:
    ours, serving = connect(judge)
    with ours:
        ours.sendall(request(b"allow"))
        serving.hang_up_if_idle(0)
        serve(serving)

        assert answer(ours)[1]["Allow"] is True


@pytest.mark.parametrize(
    "more", [b"Transfer-Encoding: chunked\r\n\r\n", b"Content-Length: 20000\r\n\r\n" + b"x" * 20_000]
)
def test_what_is_not_small_or_not_whole_is_beyond_the_limits_and_answered_without_them(
    judge: Judge, more: bytes
) -> None:
    ours, serving = connect(judge)
    with ours:
        ours.sendall(HEAD + more)
        assert serving.serve_one(small_only=True) is Progress.BEYOND_LIMITS
        assert serving.serve_one(small_only=True) is Progress.BEYOND_LIMITS
        assert not judge.asked
        if more.endswith(b"\r\n"):
            ours.sendall(b"0\r\n\r\n")

        assert serving.serve_one() is Progress.ANSWERED
        assert len(judge.asked) == 1
        serving.close()


def test_before_what_is_judged_for_long_another_thread_is_called_but_not_before_a_result(judge: Judge) -> None:
    waits: list[int] = []
    call_before_wait(lambda: waits.append(len(judge.asked)))
    ours, serving = connect(judge)
    with ours:
        ours.sendall(result(b""))
        assert serving.serve_one(small_only=True, is_slow=True) is Progress.ANSWERED
        assert waits == []
        ours.sendall(request(b"allow"))
        assert serving.serve_one(small_only=True, is_slow=True) is Progress.ANSWERED
        assert waits == [0]
        serving.close()
    call_before_wait(lambda: None)


def test_without_anything_to_read_nothing_changes() -> None:
    ours, serving = connect(Judge())
    with ours:
        assert serving.serve_one(small_only=True) is Progress.ANSWERED
        assert serving.idle
        serving.close()


@pytest.mark.parametrize("seconds", [29.9999999, 30.0, 1e-9, 0.999999])
def test_any_time_can_be_waited(seconds: float) -> None:
    """The kernel takes less than a million microseconds, and no time at all for ever."""
    ours, serving = connect(Judge())
    with ours:
        serving._set_timeout(socket.SO_RCVTIMEO, seconds)

        whole, rest = struct.unpack("@ll", serving._client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16))
        assert 0 < whole + rest / 1e6 <= seconds + 0.02
        serving.close()


@pytest.mark.parametrize(("size", "is_early"), [(0, True), (1 << 17, False)])
def test_a_result_is_answered_before_it_is_noted_unless_it_is_large(judge: Judge, size: int, *, is_early: bool) -> None:
    judge.may_note.clear()
    with served(judge) as client:
        client.sendall(result(b"x" * size))
        is_answered = bool(select.select([client], (), (), 10 if is_early else 0.2)[0])
        assert (is_answered, judge.results) == (is_early, [])
        judge.may_note.set()
        assert answer(client)[1] == {"Allow": True, "Msg": ""}
        client.sendall(result(b"next"))
        assert answer(client)[1] == {"Allow": True, "Msg": ""}

    assert judge.results == [b"x" * size, b"next"]


def test_a_result_that_cannot_be_noted_is_answered_and_one_that_cannot_be_answered_is_noted(judge: Judge) -> None:
    with served(judge) as client:
        client.sendall(result(b"fail"))
        assert answer(client)[1] == {"Allow": True, "Msg": ""}
    ours, serving = connect(judge)
    ours.sendall(result(b"gone"))
    ours.close()
    with pytest.raises(OSError, match="Broken pipe"):
        serving.serve_one(small_only=True)
    serving.close()

    assert judge.results == [b"gone"]


def test_what_reads_no_answers_keeps_no_others_waiting(judge: Judge) -> None:
    ours, serving = connect(judge)

    def ask_on() -> None:
        for _ in range(10_000):
            ours.sendall(result(b""))
            serving.serve_one(small_only=True)

    with ours, pytest.raises(BlockingIOError):
        ask_on()
    serving.close()


def test_which_dockerd_a_connection_is_is_found_once(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def identify(pid: int) -> DockerdIdentity:
        looked.append(pid)
        if len(looked) == 1:
            raise OSError(errno.EMFILE, "too many open files")
        return DockerdIdentity(pid, 22)

    monkeypatch.setattr(peer, "identify_dockerd", identify)
    with served(judge) as client:
        for data in (request(b"allow"), request(b"allow"), result(b""), request(b"allow")):
            client.sendall(data)
            answer(client)

    # What could not be read is looked at again.
    assert looked == [os.getpid()] * 2
    assert [each.identity for each in judge.peers] == [None, *[DockerdIdentity(os.getpid(), 22)] * 3]


def test_the_judge_is_handed_the_process_that_asks(judge: Judge) -> None:
    with served(judge) as client:
        client.sendall(request(b"allow"))
        client.recv(1 << 16)

    assert judge.peers == [Peer(os.getpid(), os.geteuid(), is_identified=True)]


def test_a_large_request_waits_for_its_turn_and_a_small_one_does_not() -> None:
    judge, turns = Judge(), threading.Semaphore(0)
    with served(judge, turns) as large, served(judge, turns) as small:
        large.sendall(request(b"allow" + b"x" * (1 << 17)))
        small.sendall(request(b"allow"))
        assert answer(small)[1]["Allow"] is True
        assert judge.asked == [b"allow"]

        turns.release()
        assert answer(large)[1]["Allow"] is True
        assert turns.acquire(timeout=5)


def test_a_large_result_waits_for_no_turn() -> None:
    """A request that has one may wait for the daemon, and the daemon until we have answered its result."""
    head = HEAD.replace(b"AuthZReq", b"AuthZRes")
    for length, body, read in (
        (b"Content-Length: 200000", b"x" * 200_000, b"x" * 200_000),
        (b"Transfer-Encoding: chunked", b"5\r\n{...}\r\n0\r\n\r\n", b"{...}"),
    ):
        judge = Judge()
        with served(judge, 0) as client:
            client.sendall(head + length + b"\r\n\r\n" + body)

            assert answer(client)[1]["Allow"] is True
            assert judge.results == [read]
            # Nor where others are being read; then its contents are left.
            with connection._LARGE_RESULTS, connection._LARGE_RESULTS:
                client.sendall(head + length + b"\r\n\r\n" + body)
                assert answer(client)[1]["Allow"] is True
            assert judge.results == [read, b""]


_WORDS = st.sampled_from(
    [HEAD, request(b"allow"), request(b"no"), b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n", b"allow"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_WORDS | st.binary(max_size=20), max_size=5).map(b"".join))
def test_no_bytes_make_an_allow_without_the_judge(data: bytes) -> None:
    judge = Judge()  # a fixture would serve all examples
    got = exchanged(judge, data)

    assert got == b"" or got.startswith(b"HTTP/1.1 ")
    assert got.count(b'"Allow": true') <= sum(asked.startswith(b"allow") for asked in judge.asked)
