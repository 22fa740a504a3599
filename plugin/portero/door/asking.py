"""A request of the door's own to dockerd, on a connection that does not block."""

import http.client
import socket
from io import BytesIO

from portero.door.treatment import Answered, Ask

_PIECE = 1 << 16


class Exchange:
    """What was asked of dockerd at this socket, for a caller by the field of its stamp."""

    def __init__(self, dockerd: socket.socket, ask: Ask, stamp_field: str) -> None:
        self._dockerd = dockerd
        self._ask = ask
        self._left = ask.write(stamp_field)
        self._answer = bytearray()

    @property
    def held(self) -> int:
        return len(self._answer) + (self._ask.filter.held if self._ask.filter else 0)

    def move(self) -> Answered | None:
        """The answer when it is there; raises BlockingIOError while nothing can be done, ValueError for none."""
        if self._left:
            self._left = self._left[self._dockerd.send(self._left) :]
            return None
        piece = self._dockerd.recv(_PIECE)
        left = self._ask.filter
        self._answer += piece if left is None else left.feed(piece) if piece else left.end()
        if len(self._answer) > self._ask.max_bytes:
            raise ValueError("is too long")
        if piece and (left is None or not left.ended):
            return None
        return read_answer(bytes(self._answer), self._ask.method)


class _Received:
    """What http.client reads an answer from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> BytesIO:
        return BytesIO(self._data)


def read_answer(data: bytes, method: str) -> Answered:
    """A whole answer; raises ValueError."""
    response = http.client.HTTPResponse(_Received(data), method=method)  # type: ignore[arg-type] # all it uses
    try:
        response.begin()
        return Answered(response.status, response.read())
    except (http.client.HTTPException, OSError) as error:
        raise ValueError("is no answer in HTTP") from error
