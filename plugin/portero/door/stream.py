"""One connection of a client: its head is stamped and sent to dockerd; then bytes go both ways until the end."""

import logging
import socket
import time
from collections.abc import Callable

from portero.decide.values.dataclass import dataclass
from portero.door.asking import Exchange
from portero.door.clients import UNKNOWN, Account, AccountLookup, Stamps
from portero.door.pipes import Direction, PipePool
from portero.door.reception import Reception
from portero.door.request_head import write_stamp
from portero.door.shares import Client, Share
from portero.door.treatment import (
    Ask,
    HoldBody,
    NothingMore,
    Reply,
    Request,
    Treat,
    Treating,
    Treatment,
    TurnedAway,
    pass_as_it_came,
)

_LOG = logging.getLogger(__name__)
# Seconds.
_ACCOUNT_WITHIN, _BODY_WITHIN = 10.0, 60.0
# dockerd that starts again with many containers.
_DOCKERD_WITHIN = 60.0
_PIECE = 1 << 16
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_ACCOUNTS_ALONE = "the users' door takes accounts of the host alone."
_NO_ANSWER = "dockerd does not answer what the door asks for this request: see systemctl status docker."
_STATUS = "systemctl status docker"
_NOT_ACCEPTED = "dockerd does not accept connections in time: see systemctl status docker."


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all connections of a door share. `dockerd`: the path of its socket."""

    dockerd: str
    stamps: Stamps
    accounts: AccountLookup
    pipes: PipePool
    waiting: Share
    treat: Treat = pass_as_it_came


class Stream(Reception):
    """`door`: by its name. `watch` has a socket's news reported."""

    def __init__(
        self,
        client: socket.socket,
        door: str,
        uid: int | None,
        around: Surroundings,
        watch: Callable[[socket.socket, "Stream"], None],
        client_key: Client = "",
        refused: TurnedAway | None = None,
        inspect: Callable[[], str] = str,
    ) -> None:
        super().__init__(client, uid, client_key, around.waiting, refused, inspect)
        self._door = door
        self._around = around
        self._watch = watch
        self._account = UNKNOWN
        self._treating: Treating | None = None
        self._treatment = Treatment()
        # What the treatment waits for.
        self._wanted: HoldBody | Ask | None = None
        self._is_held = False
        self._exchange: Exchange | None = None
        # To dockerd; the last one is that of the request.
        self._upstreams: list[socket.socket] = []
        self._directions: tuple[Direction, ...] = ()

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        return self.client, *self._upstreams

    @property
    def asks_name(self) -> bool:
        """Whether it waits for the name service."""
        return self.step in (self._meet, self._find_account)

    def name_wait(self) -> str:
        if self.asks_name:
            return f"The name service of the host did not say in time whose uid {self.uid} is: try again."
        if self.step == self._read_answer:
            return _NO_ANSWER
        return _NOT_ACCEPTED if self.step == self._connect else ""

    def release(self) -> None:
        super().release()
        for direction in self._directions:
            direction.drop()

    def begin(self) -> None:
        if self.uid is None or self.refused or self._around.accounts.is_known(self.uid):
            super().begin()
            return
        # Who is nobody must not sit in the share of those who are not known yet.
        self.wait(_ACCOUNT_WITHIN)
        self.step = self._meet

    def _meet(self) -> bool | None:
        account = self._around.accounts.find_account(self.uid or 0)
        if account is None:
            return None
        if account is UNKNOWN:
            self.refused = self._refuse_unknown()
        super().begin()
        return True

    def _refuse_unknown(self) -> TurnedAway:
        return TurnedAway(403, f"The host knows no account of uid {self.uid}: {_ACCOUNTS_ALONE}")

    def take_head(self) -> bool | None:
        self.wait(_ACCOUNT_WITHIN)
        self.step = self._find_account
        return True

    def _find_account(self) -> bool | None:
        account = Account() if self.uid is None else self._around.accounts.find_account(self.uid)
        if account is None:
            return None
        if account is UNKNOWN:
            raise self._refuse_unknown()
        assert self.head is not None  # noqa: S101 - it was read
        self._account = account
        parsed = self.head.parsed
        request = (parsed.method, parsed.target, self.head.content_type, parsed.length)
        self._treating = self._around.treat(Request(self._door, account.user, account.groups, *request))
        return self._go_on_treating(None)

    def _go_on_treating(self, reply: Reply) -> bool:
        """Have the next step of the treatment done; after the last one dockerd gets the request."""
        try:
            self._wanted = self._treating.send(reply) if self._treating is not None else None
        except StopIteration as end:
            self._treatment, self._wanted = end.value, None
        self.wait(_BODY_WITHIN if isinstance(self._wanted, HoldBody) else _DOCKERD_WITHIN)
        self.step = self._hold_body if isinstance(self._wanted, HoldBody) else self._connect
        return True

    def _hold_body(self) -> bool | None:
        assert isinstance(self._wanted, HoldBody)  # noqa: S101 - it is this step
        assert self.head is not None  # noqa: S101 - it was read
        length, body = self.head.parsed.length, self.reader.rest
        if length is None or length > self._wanted.max_bytes:
            return self._go_on_treating(None)
        if len(body) < length and self.head.parsed.expects and not self._is_held:
            self.client.send(_CONTINUE)
        self._is_held = True
        if len(body) >= length:
            del body[length:]
            return self._go_on_treating(bytes(body))
        piece = self.client.recv(_PIECE)
        body += piece
        self.count_bytes(len(body))
        return bool(piece)

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
            raise TurnedAway(
                503, f"Cannot connect to dockerd ({error.strerror}): see systemctl status docker."
            ) from error
        self._upstreams.append(upstream)
        stamp = self._around.stamps.make_stamp(self._door, self._account.user, self._account.groups, time.time())
        if isinstance(self._wanted, Ask):
            self.wait(_DOCKERD_WITHIN)
            self._exchange = Exchange(upstream, self._wanted, write_stamp(stamp))
            self.step = self._read_answer
        else:
            self.is_retried, self.until = False, None
            self._begin(upstream, stamp)
        self._watch(upstream, self)
        return True

    def _read_answer(self) -> bool | None:
        """Of what the treatment asked."""
        assert self._exchange is not None  # noqa: S101 - it is this step
        try:
            answer = self._exchange.move()
        except ValueError as error:
            raise TurnedAway(502, _NO_ANSWER) from error
        self.count_bytes(len(self.reader.rest) + self._exchange.held)
        return True if answer is None else self._go_on_treating(answer)

    def _begin(self, upstream: socket.socket, stamp: str) -> None:
        assert self.head is not None  # noqa: S101 - it was read
        made, body = self._treatment, bytes(self.reader.rest)
        if made.body is not None:
            body = made.body
        first = self.head.change(made.target, len(body) if self._is_held else None).write(stamp) + body
        self.reader.rest.clear()
        pool, key = self._around.pipes, self.client_key
        self._directions = (
            Direction(self.client, upstream, pool, key, first, NothingMore() if self._is_held else None),
            Direction(upstream, self.client, pool, key, filter=made.answer),
        )
        self.step = self._pass_on

    def _pass_on(self) -> bool | None:
        up, down = self._directions
        more = [direction.move() for direction in (up, down)]
        try:
            self.count_bytes(up.held + down.held)
        except TurnedAway:
            # It may have got a part of the answer.
            _LOG.warning("%s: too much waits for this client: its connection ends", self.client_key)
            return False
        if down.fails or (down.done and (up.done or down.is_cut)):
            return False
        if down.done and up.target.fileno() in self.hung_up:
            return False
        if up.done and up.source.fileno() in self.hung_up:
            return False
        return True if any(more) else None
