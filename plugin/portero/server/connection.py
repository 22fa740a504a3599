"""One connection, served in a thread of its own until either side is done with it: requests in, answers out.

Docker's calls are answered here; every other page is the WSGI application's. A request is answered only when it has
arrived in whole and nothing has come after it; what is malformed gets an HTTP error, and the connection ends.
"""

import json
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Semaphore

from portero.server.calls import CALLS, CONTENT_TYPE, MOST_READ, MOST_SENT, Answers
from portero.server.http1 import Head, Malformed, Reader
from portero.server.page import Page, answered

# dockerd keeps idle connections for 30 s (moby pkg/plugins/transport); ours must not be the side that hangs up, since
# a question whose connection closes is repeated without its body (docker-facts 3).
_IDLE = 75.0
# dockerd sends a question in one go, and reads the answer at once.
_ARRIVES_WITHIN = 30.0
# What is larger takes a turn, since it takes memory: many times its size.
_SMALL = 64 << 10
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """`turns` bounds how many large questions are read and judged at once. `ending`: no further request is awaited."""

    def __init__(
        self, client: socket.socket, answers: Answers, page: Page, turns: Semaphore, ending: Callable[[], bool]
    ) -> None:
        self._client = client
        self._answers = answers
        self._page = page
        self._turns = turns
        self._ending = ending
        self._reader = Reader(self._receive)
        self._until = 0.0
        self.idle = True

    def serve(self) -> None:
        """Answer until the end, and close the socket."""
        with self._client, suppress(OSError):
            while self._serve_one():
                pass

    def hang_up(self) -> None:
        """Await no further request. Called from another thread; what has arrived is still answered."""
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_RD)

    def _serve_one(self) -> bool:
        """Answer one request; whether there may be another one."""
        self.idle, self._until = True, time.monotonic() + _IDLE
        try:
            head = self._reader.head()
            if head is None:
                return False
            last = head.last or self._ending()
            self._send(self._answered(head, last))
        except Malformed as malformed:
            self._send(_error(malformed, last=True))
            return False
        return not last

    def _answered(self, head: Head, last: bool) -> bytes:
        if head.length is not None and head.length <= _SMALL:
            return self._reply(head, self._body(head), last)
        # Judging it may make us ask dockerd, which then asks us again; that question is small and waits for no turn.
        with self._turns:
            return self._reply(head, self._body(head), last)

    def _body(self, head: Head) -> bytes:
        if head.expects:
            self._send(_CONTINUE)
        self._until = time.monotonic() + _ARRIVES_WITHIN
        data = self._reader.body(head, MOST_READ, MOST_SENT)
        if not self._reader.empty:
            # What comes before its answer is due could belong to the body for another reader of HTTP.
            raise Malformed(400, "Bad Request")
        return data

    def _reply(self, head: Head, data: bytes, last: bool) -> bytes:
        call = CALLS.get(head.target)
        if call is None:
            return response(*answered(self._page, head.method, head.target, data), last=last)
        if head.method != "POST":
            return _error(Malformed(405, "Method Not Allowed"), last=last)
        content = json.dumps(call(self._answers, data)).encode()
        return response("200 OK", {"Content-Type": CONTENT_TYPE}, content, last=last)

    def _receive(self, most: int) -> bytes:
        """TimeoutError, which is an OSError, when it takes too long: the connection then ends without an answer."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._client.settimeout(left)
        piece = self._client.recv(most)
        if self.idle:
            self.idle, self._until = False, time.monotonic() + _ARRIVES_WITHIN
        return piece

    def _send(self, data: bytes) -> None:
        self._client.settimeout(_ARRIVES_WITHIN)
        self._client.sendall(data)


def response(status: str, fields: Mapping[str, str], content: bytes, *, last: bool) -> bytes:
    """An answer as bytes; `last`: the connection ends with it."""
    said = {"Content-Length": str(len(content)), **fields, "Connection": "close" if last else "keep-alive"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + content


def _error(error: Malformed, *, last: bool) -> bytes:
    content = json.dumps({"Err": f"portero: {error.reason}"}).encode()
    return response(f"{error.status} {error.reason}", {"Content-Type": CONTENT_TYPE}, content, last=last)
