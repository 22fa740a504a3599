"""One connection, served by one thread at a time, now this one and now that: requests in, answers out.

Docker's calls are answered here; every other page is the WSGI application's. A request is answered only when it has
arrived in whole and nothing has come after it; what is malformed gets an HTTP error, and the connection ends.
"""

import enum
import json
import socket
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from threading import BoundedSemaphore

from portero.decide.interfaces.daemon import Peer
from portero.decide.reading.http_parser import Head, Malformed, RequestReader
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.peer import identify_peer, read_peer
from portero.observe.process.threads import announce_wait
from portero.serve.server.plugin_protocol import (
    ALLOWED,
    CALLS,
    CONTENT_TYPE,
    MAX_READ,
    MAX_SENT,
    RESULT,
    Answers,
    note_result,
)
from portero.serve.server.wsgi import Page, ask_page

# dockerd keeps idle connections for 30 s (moby pkg/plugins/transport); ours must not be the side that hangs up, since
# a request whose connection closes is repeated without its body (docker-facts 3.6).
_IDLE = 75.0
# dockerd sends a request in one go, and reads the answer at once.
_ARRIVES_WITHIN = 30.0
# What is larger takes a turn, since it takes memory: many times its size.
_SMALL = 64 << 10
_LARGE_RESULTS = BoundedSemaphore(2)
# Less than what the C library may map and unmap each time.
_PIECE = 1 << 16
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# Judging what is larger takes longer than others should wait: milliseconds, or many times as long.
_SHORT = 16 << 10


class Progress(enum.Enum):
    """How far a connection has come. BEYOND_LIMITS: its request is still to be answered."""

    ANSWERED = enum.auto()
    BEYOND_LIMITS = enum.auto()
    ENDED = enum.auto()


class _NotYet(Exception):
    """More of the request is still to come."""


class Connection:
    """`turns` bounds how many large requests are read and judged at once. `ending`: no further request is awaited."""

    def __init__(
        self,
        client: socket.socket,
        answers: Answers,
        page: Page,
        turns: AbstractContextManager[object],
        ending: Callable[[], bool],
    ) -> None:
        self.descriptor = client.fileno()
        self._client = client
        self._peer = read_peer(client)
        self._answers = answers
        self._page = page
        self._turns = turns
        self._ending = ending
        self._reader = RequestReader(self._receive)
        # Of a request that was beyond the limits.
        self._head: Head | None = None
        self._must_not_wait = False
        # Whether nothing of the next request has arrived, and since when, by time.monotonic().
        self.idle = True
        self._idle_since = time.monotonic()
        # When the rest of this request is late.
        self._arrives_until = 0.0
        # The timeout that is set for receiving, in seconds.
        self._receives_within = 0.0
        self._set_timeout(socket.SO_SNDTIMEO, _ARRIVES_WITHIN)

    def serve_one(self, *, small_only: bool = False, is_slow: bool = False) -> Progress:
        """Answer one request. `small_only`: if it has arrived in whole and is small. `is_slow`: judging takes long.

        OSError: the client has hung up, or takes too long.
        """
        self._must_not_wait = small_only
        try:
            head = self._head = self._head or self._reader.read_head()
            if head is None:
                return Progress.ENDED
            if small_only and not self._is_small(head):
                return Progress.BEYOND_LIMITS
            if is_slow and head.target != RESULT:
                announce_wait()
            if head.target == RESULT and head.method == "POST" and head.length is not None and head.length <= _SMALL:
                last = self._answer_result(head)
            else:
                data, last = self._answer(head)
                self._client.sendall(data)
        except _NotYet:
            return Progress.ANSWERED if self.idle else Progress.BEYOND_LIMITS
        except Malformed as malformed:
            self._client.sendall(_format_error(malformed, last=True))
            return Progress.ENDED
        self._head = None
        self.idle, self._idle_since = True, time.monotonic()
        return Progress.ENDED if last else Progress.ANSWERED

    def _is_small(self, head: Head) -> bool:
        size = head.length
        if size is None or not self._reader.holds(size):
            return False
        return head.target == RESULT or (head.target in CALLS and size <= _SHORT)

    def hang_up_if_idle(self, seconds: float | None = None) -> None:
        """Await no further request, if none has come for so long; what has arrived is still answered."""
        if self.idle and time.monotonic() >= self._idle_since + (_IDLE if seconds is None else seconds):
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RD)

    def close(self) -> None:
        """Close the socket."""
        self._client.close()

    def _answer_result(self, head: Head) -> bool:
        """Answer first: a client waits, and no other answer is possible. Whether this was the last one."""
        data, last = self._read_body(head), self._is_last(head)
        unsent = [_format_json("200 OK", ALLOWED, last=True) if last else _ALLOWED]
        faults: list[OSError] = []

        def send() -> None:
            try:
                # Others wait until it is noted: what does not read its answers must not keep them waiting.
                self._client.sendall(unsent.pop(), socket.MSG_DONTWAIT)
            except OSError as error:
                faults.append(error)

        note_result(self._answers, data, self._identify_peer(), send)
        if unsent:
            send()
        if faults:
            raise faults[0]
        return last

    def _answer(self, head: Head) -> tuple[bytes, bool]:
        """The answer, and whether it is the last one."""
        if head.length is not None and head.length <= _SMALL:
            return self._reply(head, self._read_body(head))
        # Judging it may make us ask dockerd, which then asks us again. Neither waits for a turn: that request is small,
        # and its result, which may be as large as an object, is not stored while others are.
        if head.target == RESULT:
            has_room = _LARGE_RESULTS.acquire(blocking=False)
            try:
                return self._reply(head, self._read_body(head, MAX_READ if has_room else 0))
            finally:
                if has_room:
                    _LARGE_RESULTS.release()
        with self._turns:
            return self._reply(head, self._read_body(head))

    def _read_body(self, head: Head, wanted: int = MAX_READ) -> bytes:
        if head.expects:
            self._client.sendall(_CONTINUE)
        self._arrives_until = time.monotonic() + _ARRIVES_WITHIN
        data = self._reader.read_body(head, wanted, MAX_SENT)
        if self._reader.holds(1):
            # What comes before its answer is due could belong to the body for another reader of HTTP.
            raise Malformed(400, "Bad Request")
        return data

    def _reply(self, head: Head, data: bytes) -> tuple[bytes, bool]:
        call = CALLS.get(head.target)
        if call is None:
            page = ask_page(self._page, head.method, head.target, data)
            last = self._is_last(head)
            return _format_response(*page, last=last), last
        if head.method != "POST":
            last = self._is_last(head)
            return _format_error(Malformed(405, "Method Not Allowed"), last=last), last
        document = call(self._answers, data, self._identify_peer())
        # Asked only now: the end may have begun meanwhile, and nothing that comes after this answer would be read.
        last = self._is_last(head)
        if document == ALLOWED and not last:
            return _ALLOWED, last
        return _format_json("200 OK", document, last=last), last

    def _identify_peer(self) -> Peer:
        with suppress(OSError):  # what has to know it looks again
            peer = identify_peer(self._peer)
            self._peer = peer if peer.identity is not None else self._peer
            return peer
        return self._peer

    def _is_last(self, head: Head) -> bool:
        return head.last or self._ending()

    def _receive(self, max_size: int) -> bytes:
        """An OSError when it takes too long: the connection then ends without an answer."""
        if self._must_not_wait:
            try:
                piece = self._client.recv(_PIECE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                raise _NotYet from None
        else:
            seconds = self._arrives_until - time.monotonic()
            if seconds <= 0:
                raise TimeoutError
            if seconds != self._receives_within:
                self._set_timeout(socket.SO_RCVTIMEO, seconds)
                self._receives_within = seconds
            piece = self._client.recv(max_size)
        if self.idle:
            self.idle, self._arrives_until = False, time.monotonic() + _ARRIVES_WITHIN
        return piece

    def _set_timeout(self, option: int, seconds: float) -> None:
        """The kernel's own timeouts (socket(7)): with Python's, each call would be two."""
        # At least a microsecond: 0 means no timeout.
        whole, rest = divmod(int(seconds * 1e6) + 1, 1_000_000)
        self._client.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", whole, rest))


def _format_response(status: str, fields: Mapping[str, str], content: bytes, *, last: bool) -> bytes:
    """An answer as bytes; `last`: the connection ends with it."""
    headers = {"Content-Length": str(len(content)), **fields, "Connection": "close" if last else "keep-alive"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + content


def _format_error(error: Malformed, *, last: bool) -> bytes:
    return _format_json(f"{error.status} {error.reason}", {"Err": f"portero: {error.reason}"}, last=last)


def _format_json(status: str, document: Mapping[str, JSON], *, last: bool) -> bytes:
    return _format_response(status, {"Content-Type": CONTENT_TYPE}, json.dumps({**document}).encode(), last=last)


_ALLOWED = _format_json("200 OK", ALLOWED, last=False)
