"""dockerd's events over its socket: an address in, one mapping for each event out, until the stream ends.

Over HTTP/1.0, which has no chunks: what select sees on the socket is all that there is to read.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote

from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import load_object
from portero.observe.dockerd.api import HEADER, SECRET

_OF_CONTAINERS = ("create", "start", "die", "destroy", "rename", "update")
_ACTIONS = (*_OF_CONTAINERS, "connect", "disconnect", "remove", "reload")
_FILTERS: Mapping[str, Sequence[str]] = {"type": ("container", "volume", "network", "daemon"), "event": _ACTIONS}
_TARGET = f"/events?filters={quote(json.dumps(_FILTERS, separators=(',', ':')))}"
_HEADERS = f"Host: localhost\r\n{HEADER}: {SECRET}\r\n\r\n"
# dockerd answers before it begins to collect.
_BEFORE_SECONDS = 1
_PIECE = 1 << 16
# One event has the labels of its container.
_MAX_BYTES = 8 << 20


class EventStream:
    """Open for the length of a block. OSError: nothing answers; ValueError: no events are answered.

    dockerd 26 and 28 wait 5 seconds for connections in use when they end, and close idle ones at once: once such a one
    is closed, the stream has to be left.
    """

    def __init__(self, address: str, seconds: float, check: Callable[[socket.socket], None]) -> None:
        # Loaded where needed: it takes long to load.
        from http.client import HTTPException

        from portero.observe.dockerd.unix_http import UnixConnection

        self._socket, self._text = socket.socket(socket.AF_UNIX), b""
        self._idle = UnixConnection(address, seconds)
        try:
            self._idle.connect()
            check(self._idle.sock)
            self._idle.request("GET", "/containers/json?limit=1", headers={HEADER: SECRET})
            self._idle.getresponse().read()
            self._socket.settimeout(seconds)
            self._socket.connect(address)
            check(self._socket)
            since = int(time.time()) - _BEFORE_SECONDS
            self._socket.sendall(f"GET {_TARGET}&since={since} HTTP/1.0\r\n{_HEADERS}".encode())
            while b"\r\n\r\n" not in self._text:
                self._receive(_PIECE)
            head, self._text = self._text.split(b"\r\n\r\n", 1)
            if head.split(b" ")[1:2] != [b"200"]:
                raise ValueError("dockerd shows no events")
        except BaseException as error:
            self._close()
            if isinstance(error, HTTPException):
                raise ValueError("dockerd does not answer in HTTP") from error
            raise

    def __enter__(self) -> "EventStream":
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def _close(self) -> None:
        self._socket.close()
        self._idle.close()

    def fileno(self) -> int:
        """Can be read when events have come."""
        return self._socket.fileno()

    @property
    def end(self) -> int:
        """A descriptor that can be read when dockerd ends."""
        return self._idle.sock.fileno()

    @property
    def has_some(self) -> bool:
        """Whether one has arrived that came with what was read before."""
        return b"\n" in self._text

    def read(self) -> Iterator[Mapping[str, JSON]]:
        """Those that have arrived, once the socket can be read. OSError: no more will; ValueError: it is no event."""
        if not self.has_some:
            self._receive()
        *lines, self._text = self._text.split(b"\n")
        for line in lines:
            if line.strip():
                yield load_object(line)

    def _receive(self, max_bytes: int = _MAX_BYTES) -> None:
        data = self._socket.recv(_PIECE)
        if not data:
            raise ConnectionResetError("the events ended")
        self._text += data
        if len(self._text) > max_bytes:
            raise ValueError("an event that is too long")
