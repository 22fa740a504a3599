"""One connection, served by one thread at a time: requests in, answers out.

Docker's calls are answered here; every other page is the WSGI application's. A request is answered only when it has
arrived in whole and nothing has come after it; what is malformed gets an HTTP error, and the connection ends.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from math import inf

from portero.host.peer import read_peer
from portero.server.calls import CALLS, CONTENT_TYPE, MOST_READ, MOST_SENT, RESULT, Answers, is_urgent
from portero.server.http1 import Head, Malformed, RequestReader
from portero.server.page import Page, ask_page
from portero.types import JSON

# dockerd keeps idle connections for 30 s (moby pkg/plugins/transport); ours must not be the side that hangs up, since
# a request whose connection closes is repeated without its body (docker-facts 3.6).
_IDLE = 75.0
# dockerd sends a request in one go, and reads the answer at once.
_ARRIVES_WITHIN = 30.0
# What is larger takes a turn, since it takes memory: many times its size.
_SMALL = 64 << 10
# Less than what the C library may map and unmap each time.
_PIECE = 1 << 16
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """`turns` bounds how many large requests are read and judged at once. `ending`: no further request is awaited.

    `before_waiting` is called before this thread waits for anything.
    """

    def __init__(
        self,
        client: socket.socket,
        answers: Answers,
        page: Page,
        turns: AbstractContextManager[object],
        ending: Callable[[], bool],
        before_waiting: Callable[[], None],
    ) -> None:
        self._client = client
        self._peer = read_peer(client)
        self._answers = answers
        self._page = page
        self._turns = turns
        self._ending = ending
        self._before_waiting = before_waiting
        self._reader = RequestReader(self._receive)
        self._has_ended = self._has_failed = False
        # Whether the loop knows that there is something to answer.
        self.is_queued = False
        self.descriptor = client.fileno()
        self.idle = True
        # When it is late for the next request, or for the rest of this one.
        self._until = time.monotonic() + _IDLE
        self._arrives_until = self._until

    def receive(self) -> bool:
        """Take what has arrived; whether there is something to answer now, or the connection is to end."""
        try:
            self._take()
        except OSError:
            self._has_failed = True
        is_due = self._has_failed or self._has_ended or not self._reader.lacks(_SMALL)
        if is_due:
            self._until = inf
        return is_due

    def answer(self) -> bool:
        """Answer what was received; whether the connection goes on. What may take long is announced."""
        self.is_queued = False
        try:
            return not (self._has_failed or (self._has_ended and self.idle)) and self._serve_one()
        except OSError:
            return False

    @property
    def is_urgent(self) -> bool:
        """Whether what was received is answered at once, and another request may wait for the answer."""
        return self._reader.finds(is_urgent)

    def hang_up(self) -> None:
        """Await no further request. Called from another thread; what has arrived is still answered."""
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_RD)

    def hang_up_when_late(self, now: float) -> None:
        """End it when nothing, or not all of a request, has arrived in time. Called from another thread."""
        # In this order, the other way round than in _take(): a request that arrives just now is still answered.
        idle = self.idle
        if now > self._until:
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RD if idle else socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket."""
        self._client.close()

    def _take(self) -> None:
        try:
            piece = self._client.recv(_PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        self._has_ended = not piece
        if piece:
            if self.idle:
                self._until = time.monotonic() + _ARRIVES_WITHIN
                self.idle = False
            self._reader.feed(piece)

    def _serve_one(self) -> bool:
        """Answer one request; whether there may be another one."""
        try:
            head = self._reader.read_head()
            if head is None:
                return False
            data, last = self._answered(head)
            self._send(data)
        except Malformed as malformed:
            self._send(_error(malformed, last=True))
            return False
        self.idle, self._until = True, time.monotonic() + _IDLE
        return not last

    def _answered(self, head: Head) -> tuple[bytes, bool]:
        """The answer, and whether it is the last one."""
        if head.length is not None and head.length <= _SMALL:
            return self._reply(head, self._body(head))
        self._before_waiting()
        # Judging it may make us ask dockerd, which then asks us again. Neither waits for a turn: that request is small,
        # and of its result, which may be as large as an object, nothing is kept.
        if head.target == RESULT:
            return self._reply(head, self._body(head, 0))
        with self._turns:
            return self._reply(head, self._body(head))

    def _body(self, head: Head, kept: int = MOST_READ) -> bytes:
        if head.expects:
            self._send(_CONTINUE)
        self._arrives_until = time.monotonic() + _ARRIVES_WITHIN
        data = self._reader.read_body(head, kept, MOST_SENT)
        if not self._reader.empty:
            # What comes before its answer is due could belong to the body for another reader of HTTP.
            raise Malformed(400, "Bad Request")
        return data

    def _reply(self, head: Head, data: bytes) -> tuple[bytes, bool]:
        call = CALLS.get(head.target)
        if call is None:
            self._before_waiting()
            page = ask_page(self._page, head.method, head.target, data)
            last = self._is_last(head)
            return response(*page, last=last), last
        if head.method != "POST":
            last = self._is_last(head)
            return _error(Malformed(405, "Method Not Allowed"), last=last), last
        document = call(self._answers, data, self._peer)
        # Asked only now: the end may have begun meanwhile, and nothing that comes after this answer would be read.
        last = self._is_last(head)
        return _ALLOWED_RESPONSE[last] if document == _ALLOWED else _response_to_call(document, last=last), last

    def _is_last(self, head: Head) -> bool:
        return head.last or self._ending()

    def _receive(self, most: int) -> bytes:
        """An OSError when it takes too long: the connection then ends without an answer."""
        if self._has_ended:
            return b""
        self._before_waiting()
        with self._within(self._arrives_until - time.monotonic()):
            return self._client.recv(most)

    def _send(self, data: bytes) -> None:
        try:
            sent = self._client.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._before_waiting()
            with self._within(_ARRIVES_WITHIN):
                self._client.sendall(data[sent:])

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        if seconds <= 0:
            raise TimeoutError
        self._client.settimeout(seconds)
        yield
        self._client.settimeout(None)


def response(status: str, fields: Mapping[str, str], content: bytes, *, last: bool) -> bytes:
    """An answer as bytes; `last`: the connection ends with it."""
    headers = {"Content-Length": str(len(content)), **fields, "Connection": "close" if last else "keep-alive"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + content


def _response_to_call(document: Mapping[str, JSON], *, last: bool) -> bytes:
    return response("200 OK", {"Content-Type": CONTENT_TYPE}, json.dumps(document).encode(), last=last)


# The answer to most requests, written once.
_ALLOWED: Mapping[str, JSON] = {"Allow": True, "Msg": ""}
_ALLOWED_RESPONSE = {last: _response_to_call(_ALLOWED, last=last) for last in (False, True)}


def _error(error: Malformed, *, last: bool) -> bytes:
    content = json.dumps({"Err": f"portero: {error.reason}"}).encode()
    return response(f"{error.status} {error.reason}", {"Content-Type": CONTENT_TYPE}, content, last=last)
