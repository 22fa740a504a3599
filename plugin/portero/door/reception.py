"""The client's side of a connection: its head, read until it is whole, and what it gets instead of dockerd's answer.

It never blocks: `advance` does what can be done now, and is called again when a socket has news or a moment has passed.
"""

import select
import socket
import time
from collections.abc import Callable

from portero.decide.reading.http_parser import Malformed
from portero.door.grpc import MAX_DENIED, GrpcDenial
from portero.door.pipes import READ
from portero.door.request_head import GRPC, ExcessiveHead, HeadReader, RequestHead
from portero.door.shares import Client, Share
from portero.door.treatment import TurnedAway

# Seconds. As dockerd (moby cmd/dockerd/daemon.go, ReadHeaderTimeout); from its first byte on a head has less.
_BEGINS_WITHIN, _HEAD_WITHIN = 300.0, 30.0
# Who is refused needs no longer to hear it.
_REFUSED_WITHIN = 5.0
# A client may still be sending what is not read any more; its answer would be lost with a reset.
_LINGER = 2.0
_DENIED_WITHIN = 30.0
# Answered in one go, within some milliseconds.
_DENIED_PIECE = 4 << 10
_ONE_REQUEST = "the door takes one HTTP/1.1 request as Docker's clients send it."
_TOO_MUCH = "Too much waits for this client at once: ask again when some of it has gone."
_HANGUP = select.EPOLLHUP | select.EPOLLERR


class Reception:
    """`uid`: of the client at the users' door, None at others. `refused`: why, and then it only hears that.

    `until`: when waiting ends, by time.monotonic(); None after the head. `client_key`: as whose connection it counts.
    """

    def __init__(
        self,
        client: socket.socket,
        uid: int | None,
        client_key: Client,
        waiting: Share,
        refused: TurnedAway | None,
    ) -> None:
        self.client = client
        self.uid = uid
        self.client_key = client_key
        self.refused = refused
        self._waiting = waiting
        self._counted = 0
        self.reader = HeadReader(keeps_token=uid is not None)
        self.head: RequestHead | None = None
        self._denial: GrpcDenial | None = None
        self.hung_up: set[int] = set()
        # False: the connection has ended. None: it waits. True: it could go on at once.
        self.step: Callable[[], bool | None] = self.look
        self.is_retried = False
        self.until: float | None = time.monotonic() + _BEGINS_WITHIN

    def look(self) -> bool | None:
        """The first step."""
        self.begin()
        return True

    def begin(self) -> None:
        """Wait for the head."""
        self.step = self._read_head
        self.wait(_REFUSED_WITHIN if self.refused else _BEGINS_WITHIN)

    def count_bytes(self, size: int) -> None:
        """Say how many bytes wait for this connection; raises TurnedAway beyond the client's share."""
        if size != self._counted:
            if not self._waiting.resize(self.client_key, self._counted, size):
                raise TurnedAway(429, _TOO_MUCH)
            self._counted = size

    def note(self, descriptor: int, events: int) -> None:
        """Remember that the other side of a socket has gone."""
        if events & _HANGUP:
            self.hung_up.add(descriptor)

    def release(self) -> None:
        """Give back what is not closed with its sockets."""
        self.count_bytes(0)
        # A step leads back to the connection, whose megabytes would stay until Python looks for such circles.
        self.step = bool

    def advance(self) -> bool | None:
        """Do what can be done now: False at the end of the connection, True when there may be more at once."""
        try:
            while True:
                step = self.step
                result = step()
                if not result or self.step == step:
                    return result
        except BlockingIOError:
            return None
        except TurnedAway as refused:
            return self.refuse(refused)
        except OSError:
            return False

    def give_up(self) -> bool | None:
        """Waiting has ended: False when the connection has, too."""
        fault = self.name_wait()
        if not fault:
            return False
        # A step as any other: the client may have hung up.
        self.step = lambda: self.refuse(TurnedAway(503, fault))
        return self.advance()

    def name_wait(self) -> str:
        """The sentence for a client whose wait has ended; empty: it gets none."""
        return ""

    def take_head(self) -> bool | None:
        """The step after the head."""
        raise NotImplementedError

    def wait(self, seconds: float) -> None:
        self.is_retried = False
        self.until = time.monotonic() + seconds

    def _read_head(self) -> bool | None:
        size = self.client.recv_into(READ)
        if not size:
            return False
        if not self.reader.rest:
            self.wait(_HEAD_WITHIN)
        try:
            self.head = self.reader.feed(READ[:size])
        except ExcessiveHead as excess:
            raise TurnedAway(431, str(excess)) from excess
        except Malformed as malformed:
            raise TurnedAway(malformed.status, f"{malformed.reason}: {_ONE_REQUEST}") from malformed
        self.count_bytes(len(self.reader.rest))
        if self.head is None:
            return True
        if self.refused:
            raise self.refused
        return self.take_head()

    def refuse(self, refused: TurnedAway) -> bool:
        """Answer as dockerd does; what the client still sends is read and dropped."""
        if self._denial is not None:  # there is no room to deny it in
            return False
        if self.head is GRPC:
            self._denial = GrpcDenial(refused)
            self.wait(_DENIED_WITHIN)
            self.step = self._deny
            return True
        answer = refused.write(without_content=self.head is not None and self.head.wants_no_content)
        self.reader.rest.clear()
        self.count_bytes(0)
        self.wait(_LINGER)
        self.step = self._linger
        try:
            self.client.send(answer)
            self.client.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    def _deny(self) -> bool | None:
        """Answer what the client asks in gRPC, until it goes."""
        assert self._denial is not None  # noqa: S101 - it is this step
        self.count_bytes(MAX_DENIED)
        data = bytes(self.reader.rest[:_DENIED_PIECE])
        del self.reader.rest[:_DENIED_PIECE]
        if not data:
            data = bytes(READ[: self.client.recv_into(READ, _DENIED_PIECE)])
        if answer := self._denial.feed(data):
            self.client.send(answer)
        return bool(data)

    def _linger(self) -> bool | None:
        return bool(self.client.recv_into(READ))
