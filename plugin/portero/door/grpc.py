"""Native gRPC, as HTTP/2 from its first byte: for dockerd it becomes POST /grpc, so that the plugin is asked.

dockerd from 29.2 on takes HTTP/2 at its own socket, and asks no plugin then. A refusal is an answer of gRPC on each
stream of the client, which would not read HTTP/1.1.
"""

import json
import socket
from http import HTTPStatus
from urllib.parse import quote

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.exceptions import ProtocolError

from portero.door.asking import read_answer
from portero.door.treatment import TurnedAway

_PIECE = 1 << 16
_HEAD_END = b"\r\n\r\n"
_SWITCHED = b"HTTP/1.1 101 "
# google.rpc.Code. Clients ask again after 14 (UNAVAILABLE), for 20 s, and lose the sentence.
_PERMISSION_DENIED, _FAILED_PRECONDITION = "7", "9"
_MAX_MESSAGE = 16 << 10
# Of a client that is denied: its requests, and 64 KiB of data that HTTP/2 lets it send. The library may keep as much,
# beside the number of each stream.
MAX_DENIED, _OF_STREAM = 128 << 10, 128
_NO_GRPC = "This dockerd has no POST /grpc, without which no plugin is asked about gRPC: build without --driver remote."


class GrpcUpgrade:
    """The request that asks dockerd to go on in HTTP/2."""

    def __init__(self, dockerd: socket.socket, head: bytes) -> None:
        self._dockerd = dockerd
        self._left = head
        self._answer = bytearray()

    @property
    def held(self) -> int:
        return len(self._answer)

    def move(self) -> bytes | None:
        """What dockerd says after it has agreed. TurnedAway: it does not; BlockingIOError: nothing can be done now."""
        if self._left:
            self._left = self._left[self._dockerd.send(self._left) :]
            return None
        piece = self._dockerd.recv(_PIECE)
        self._answer += piece
        head, end, rest = bytes(self._answer).partition(_HEAD_END)
        if end and head.startswith(_SWITCHED):
            return rest
        if not piece or len(self._answer) > _PIECE:
            raise _read_refusal(bytes(self._answer))
        return None


def _read_refusal(data: bytes) -> TurnedAway:
    message = "dockerd does not answer POST /grpc: see systemctl status docker."
    try:
        answer = read_answer(data, "POST")
        if answer.status == HTTPStatus.NOT_FOUND:
            return TurnedAway(answer.status, _NO_GRPC)
        message = str(json.loads(answer.body)["message"])
    except (ValueError, KeyError, TypeError):
        return TurnedAway(502, message)
    return TurnedAway(answer.status, message)


class GrpcDenial:
    """Answers each stream with a status and a message; raises OSError for what is not HTTP/2, or too much."""

    def __init__(self, refused: TurnedAway) -> None:
        status = _PERMISSION_DENIED if refused.status == HTTPStatus.FORBIDDEN else _FAILED_PRECONDITION
        message = quote(refused.message[:_MAX_MESSAGE], safe=" !#$&'()*+,/:;=?@[]<>{}|^`\"")
        answer = {":status": "200", "content-type": "application/grpc", "grpc-status": status, "grpc-message": message}
        self._fields = [*answer.items()]
        self._connection = H2Connection(H2Configuration(client_side=False))
        self._connection.initiate_connection()
        self._fed = 0

    def feed(self, data: bytes) -> bytes:
        """What the client gets for these bytes of its own."""
        self._fed += len(data)
        if self._fed > MAX_DENIED:
            raise ConnectionError("sends more than a client that reads its answers")
        try:
            for event in self._connection.receive_data(data):
                if isinstance(event, RequestReceived):
                    self._connection.send_headers(event.stream_id, self._fields, end_stream=True)
                    self._fed += _OF_STREAM
        except ProtocolError as error:
            raise ConnectionError("is not HTTP/2") from error
        return self._connection.data_to_send()
