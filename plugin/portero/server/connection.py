"""One connection, served in a thread of its own until either side is done with it: requests in, answers out.

Docker's calls are answered here; every other page is the WSGI application's. A request is answered only when it has
arrived in whole and nothing has come after it; what is malformed gets an HTTP error, and the connection ends.
"""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Semaphore

from portero.host.peer import Peer, read_peer
from portero.server.calls import CALLS, CONTENT_TYPE, MOST_READ, MOST_SENT, Answers
from portero.server.http1 import Head, Malformed, RequestReader
from portero.server.page import Page, answered
from portero.types import JSON

# dockerd keeps idle connections for 30 s (moby pkg/plugins/transport); ours must not be the side that hangs up, since
# a request whose connection closes is repeated without its body (docker-facts 3).
_IDLE = 75.0
# dockerd sends a request in one go, and reads the answer at once.
_ARRIVES_WITHIN = 30.0
# What is larger takes a turn, since it takes memory: many times its size.
_SMALL = 64 << 10
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """`turns` bounds how many large requests are read and judged at once. `ending`: no further request is awaited."""

    def __init__(
        self, client: socket.socket, answers: Answers, page: Page, turns: Semaphore, ending: Callable[[], bool]
    ) -> None:
        self._client = client
        self._answers = answers
        self._page = page
        self._turns = turns
        self._ending = ending
        self._reader = RequestReader(self._receive)
        self._until = 0.0
        self.idle = True

    def serve(self) -> None:
        """Answer until the end, and close the socket."""
        with self._client, suppress(OSError):
            self._client.settimeout(None)
            peer = read_peer(self._client)
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(_IDLE))
            while self._serve_one(peer):
                pass

    def hang_up(self) -> None:
        """Await no further request. Called from another thread; what has arrived is still answered."""
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_RD)

    def _serve_one(self, peer: Peer) -> bool:
        """Answer one request; whether there may be another one."""
        self.idle = True
        try:
            head = self._reader.read_head()
            if head is None:
                return False
            last = head.last or self._ending()
            self._send(self._answered(head, last, peer))
        except Malformed as malformed:
            self._send(_error(malformed, last=True))
            return False
        return not last

    def _answered(self, head: Head, last: bool, peer: Peer) -> bytes:
        if head.length is not None and head.length <= _SMALL:
            return self._reply(head, self._body(head), last, peer)
        # Judging it may make us ask dockerd, which then asks us again; that request is small and waits for no turn.
        with self._turns:
            return self._reply(head, self._body(head), last, peer)

    def _body(self, head: Head) -> bytes:
        if head.expects:
            self._send(_CONTINUE)
        self._until = time.monotonic() + _ARRIVES_WITHIN
        data = self._reader.read_body(head, MOST_READ, MOST_SENT)
        if not self._reader.empty:
            # What comes before its answer is due could belong to the body for another reader of HTTP.
            raise Malformed(400, "Bad Request")
        return data

    def _reply(self, head: Head, data: bytes, last: bool, peer: Peer) -> bytes:
        call = CALLS.get(head.target)
        if call is None:
            return response(*answered(self._page, head.method, head.target, data), last=last)
        if head.method != "POST":
            return _error(Malformed(405, "Method Not Allowed"), last=last)
        document = call(self._answers, data, peer)
        return _ALLOWED_RESPONSE[last] if document == _ALLOWED else _response_to_call(document, last=last)

    def _receive(self, most: int) -> bytes:
        """An OSError when it takes too long: the connection then ends without an answer.

        A request mostly comes as a whole: the kernel watches over the one wait there is (SO_RCVTIMEO). A timeout of
        Python's own, which takes two system calls more each time, is for the pieces after the first.
        """
        if self.idle:
            piece = self._client.recv(most)
            self.idle, self._until = False, time.monotonic() + _ARRIVES_WITHIN
            return piece
        with self._within(self._until - time.monotonic()):
            return self._client.recv(most)

    def _send(self, data: bytes) -> None:
        try:
            sent = self._client.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            with self._within(_ARRIVES_WITHIN):
                self._client.sendall(data[sent:])

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        if seconds <= 0:
            raise TimeoutError
        self._client.settimeout(seconds)
        yield
        self._client.settimeout(None)


def _timeval(seconds: float) -> bytes:
    """C's struct timeval, never one of zeros, which means no limit."""
    whole, part = divmod(max(1, int(seconds * 1_000_000)), 1_000_000)
    return struct.pack("@ll", whole, part)


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
