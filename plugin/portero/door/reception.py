"""The client's side of a connection: its head, read until it is whole, and what it gets instead of dockerd's answer.

It never blocks: `advance` does what can be done now, and is called again when a socket has news or a moment has passed.
"""

import select
import socket
import time
from collections.abc import Callable

from portero.decide.reading.http_parser import Malformed
from portero.door.request_head import ExcessiveHead, HeadReader, RequestHead
from portero.door.treatment import TurnedAway

# Seconds. As dockerd (moby cmd/dockerd/daemon.go, ReadHeaderTimeout); from its first byte on a head has less.
_BEGINS_WITHIN, _HEAD_WITHIN = 300.0, 30.0
# A client may still be sending what is not read any more; its answer would be lost with a reset.
_LINGER = 2.0
PIECE = 1 << 16
_ONE_REQUEST = "the door takes one HTTP/1.1 request as Docker's clients send it."
_HANGUP = select.EPOLLHUP | select.EPOLLERR


class Reception:
    """`uid`: of the client at the users' door, None at others. `refusal`: why it is refused.

    `until`: when waiting ends, by time.monotonic(); None after the head.
    """

    def __init__(self, client: socket.socket, uid: int | None, refusal: str) -> None:
        self.client = client
        self.uid = uid
        self._refusal = refusal
        self.reader = HeadReader(keeps_token=uid is not None)
        self.head: RequestHead | None = None
        self.hung_up: set[int] = set()
        # False: the connection has ended. None: it waits. True: it could go on at once.
        self.step: Callable[[], bool | None] = self._read_head
        self.is_retried = False
        self.until: float | None = time.monotonic() + _BEGINS_WITHIN

    def advance(self, descriptor: int = -1, events: int = 0) -> bool | None:
        """Do what can be done now: False at the end of the connection, True when there may be more at once."""
        if events & _HANGUP:
            self.hung_up.add(descriptor)
        try:
            while True:
                step = self.step
                result = step()
                if not result or self.step == step:
                    return result
        except BlockingIOError:
            return None
        except TurnedAway as refused:
            return self._refuse(refused)
        except OSError:
            return False

    def give_up(self) -> bool | None:
        """Waiting has ended: False when the connection has, too."""
        fault = self.name_wait()
        if not fault:
            return False
        # A step as any other: the client may have hung up.
        self.step = lambda: self._refuse(TurnedAway(503, fault))
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
        piece = self.client.recv(PIECE)
        if not piece:
            return False
        if not self.reader.rest:
            self.wait(_HEAD_WITHIN)
        try:
            self.head = self.reader.feed(piece)
        except ExcessiveHead as excess:
            raise TurnedAway(431, str(excess)) from excess
        except Malformed as malformed:
            raise TurnedAway(malformed.status, f"{malformed.reason}: {_ONE_REQUEST}") from malformed
        if self.head is None:
            return True
        if self._refusal:
            raise TurnedAway(403, self._refusal)
        return self.take_head()

    def _refuse(self, refused: TurnedAway) -> bool:
        """Answer as dockerd does; what the client still sends is read and dropped."""
        answer = refused.write(without_content=self.head is not None and self.head.wants_no_content)
        self.reader.rest.clear()
        self.wait(_LINGER)
        self.step = self._linger
        try:
            self.client.send(answer)
            self.client.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    def _linger(self) -> bool | None:
        return bool(self.client.recv(PIECE))
