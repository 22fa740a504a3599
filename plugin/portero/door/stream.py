"""One connection of a client: its head is read, stamped and sent to dockerd; then bytes go both ways until the end.

It never blocks: `advance` does what can be done now, and is called again when a socket has news or a moment has passed.
"""

import json
import select
import socket
import time
from collections.abc import Callable
from http import HTTPStatus

from portero.decide.reading.http_parser import Malformed
from portero.decide.values.dataclass import dataclass
from portero.door.clients import UNKNOWN, Account, AccountLookup, Stamps
from portero.door.pipes import Direction, PipePool
from portero.door.request_head import MAX_HEAD, RequestHead, name_excess, read_request_head

# Seconds. As dockerd (moby cmd/dockerd/daemon.go, ReadHeaderTimeout); from its first byte on a head has less.
_BEGINS_WITHIN, _HEAD_WITHIN = 300.0, 30.0
_ACCOUNT_WITHIN = 10.0
# dockerd that starts again with many containers.
_DOCKERD_WITHIN = 60.0
# A client may still be sending what is not read any more; its answer would be lost with a reset.
_LINGER = 2.0
_PIECE = 1 << 16
_CR_LF, _LF = b"\r\n", b"\n"
_ONE_REQUEST = "the door takes one HTTP/1.1 request as Docker's clients send it."
_ACCOUNTS_ALONE = "the users' door takes accounts of the host alone."
_HANGUP = select.EPOLLHUP | select.EPOLLERR


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all connections of a door share. `dockerd`: the path of its socket."""

    dockerd: str
    stamps: Stamps
    accounts: AccountLookup
    pipes: PipePool


class Stream:
    """`door`: by its name. `uid`: of the client at the users' door, None at others. `refusal`: why it is refused.

    `client_key`: as whose connection it counts. `watch` has a socket's news reported. `until`: when waiting ends, by
    time.monotonic(); None after the head.
    """

    def __init__(
        self,
        client: socket.socket,
        door: str,
        uid: int | None,
        around: Surroundings,
        watch: Callable[[socket.socket, "Stream"], None],
        refusal: str = "",
        client_key: int | str = "",
    ) -> None:
        self._client = client
        self._door = door
        self.uid = uid
        self.client_key = client_key
        self._around = around
        self._watch = watch
        self._refusal = refusal
        self._buffer = bytearray()
        # Of the first line; empty until it has come.
        self._line_end = b""
        self._head: RequestHead | None = None
        self._account = UNKNOWN
        self._upstream: socket.socket | None = None
        self._directions: tuple[Direction, ...] = ()
        self._hung_up: set[int] = set()
        # False: the connection has ended. None: it waits. True: it could go on at once.
        self._step: Callable[[], bool | None] = self._read_head
        self.is_retried = False
        self.until: float | None = time.monotonic() + _BEGINS_WITHIN

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        return (self._client,) if self._upstream is None else (self._client, self._upstream)

    def advance(self, descriptor: int = -1, events: int = 0) -> bool | None:
        """Do what can be done now: False at the end of the connection, True when there may be more at once."""
        if events & _HANGUP:
            self._hung_up.add(descriptor)
        try:
            while True:
                step = self._step
                result = step()
                if not result or self._step == step:
                    return result
        except OSError:
            return False

    def give_up(self) -> bool | None:
        """Waiting has ended: False when the connection has, too."""
        if self._step == self._find_account:
            fault = f"The name service of the host did not say in time whose uid {self.uid} is: try again."
        elif self._step == self._connect:
            fault = "dockerd does not accept connections in time: see systemctl status docker."
        else:
            return False
        # A step as any other: the client may have hung up.
        self._step = lambda: self._refuse(503, fault)
        return self.advance()

    def release(self) -> None:
        """Give back what is not closed with its sockets."""
        for direction in self._directions:
            direction.drop()

    def _read_head(self) -> bool | None:
        try:
            piece = self._client.recv(_PIECE)
        except BlockingIOError:
            return None
        if not piece:
            return False
        if not self._buffer:
            self._wait(_HEAD_WITHIN)
        start = max(0, len(self._buffer) - 2 * len(_CR_LF))
        self._buffer += piece
        end = self._find_end(start)
        if end < 0 and len(self._buffer) <= MAX_HEAD:
            return True
        head = bytes(self._buffer if end < 0 else self._buffer[:end])
        if fault := name_excess(head):
            return self._refuse(431, fault)
        try:
            # What ends in another way than the first line is malformed then.
            text = head.replace(self._line_end, _CR_LF)
            self._head = read_request_head(text, keeps_token=self.uid is not None)
        except Malformed as malformed:
            return self._refuse(malformed.status, f"{malformed.reason}: {_ONE_REQUEST}")
        del self._buffer[: end + 2 * len(self._line_end)]
        if self._refusal:
            return self._refuse(403, self._refusal)
        self._wait(_ACCOUNT_WITHIN)
        self._step = self._find_account
        return True

    def _find_end(self, start: int) -> int:
        """Where the head ends; -1: it has not come. Jenkins ends its lines with LF alone, which dockerd takes too."""
        if not self._line_end and (first := self._buffer.find(_LF, start)) >= 0:
            self._line_end = _CR_LF if self._buffer[max(0, first - 1) : first] == b"\r" else _LF
        return self._buffer.find(2 * self._line_end, start) if self._line_end else -1

    def _find_account(self) -> bool | None:
        account = Account() if self.uid is None else self._around.accounts.find_account(self.uid)
        if account is None:
            return None
        if account is UNKNOWN:
            return self._refuse(403, f"The host knows no account of uid {self.uid}: {_ACCOUNTS_ALONE}")
        self._account = account
        self._wait(_DOCKERD_WITHIN)
        self._step = self._connect
        return True

    def _connect(self) -> bool | None:
        upstream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            upstream.setblocking(False)
            upstream.connect(self._around.dockerd)
        except BlockingIOError:
            # Its queue is full, and nothing tells when it is not.
            upstream.close()
            self.is_retried = True
            return None
        except OSError as error:
            upstream.close()
            return self._refuse(503, f"Cannot connect to dockerd ({error.strerror}): see systemctl status docker.")
        self.is_retried, self.until = False, None
        self._upstream = upstream
        self._begin(upstream)
        self._watch(upstream, self)
        return True

    def _begin(self, upstream: socket.socket) -> None:
        assert self._head is not None  # noqa: S101 - it was read
        stamp = self._around.stamps.make_stamp(self._door, self._account.user, self._account.groups, time.time())
        first = self._head.write(stamp) + self._buffer
        self._buffer = bytearray()
        pool = self._around.pipes
        self._directions = Direction(self._client, upstream, pool, first), Direction(upstream, self._client, pool)
        self._step = self._pass_on

    def _pass_on(self) -> bool | None:
        up, down = self._directions
        more = [direction.move() for direction in (up, down)]
        if down.fails or (up.done and down.done):
            return False
        if down.done and up.target.fileno() in self._hung_up:
            return False
        if up.done and up.source.fileno() in self._hung_up:
            return False
        return True if any(more) else None

    def _refuse(self, status: int, message: str) -> bool:
        """Answer as dockerd does; what the client still sends is read and dropped."""
        data = json.dumps({"message": f"portero door: {message}"}).encode()
        fields = f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
        no_content = self._head is not None and self._head.wants_no_content
        line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        answer = f"{line}{fields}".encode() + (b"" if no_content else data)
        self._buffer = bytearray()
        self._wait(_LINGER)
        self._step = self._linger
        self._client.send(answer)
        self._client.shutdown(socket.SHUT_WR)
        return True

    def _linger(self) -> bool | None:
        try:
            return bool(self._client.recv(_PIECE))
        except BlockingIOError:
            return None

    def _wait(self, seconds: float) -> None:
        self.is_retried = False
        self.until = time.monotonic() + seconds
