"""One connection of a client: its head is stamped and sent to dockerd; then bytes go both ways until the end."""

import logging
import socket
import time
from collections.abc import Callable

from portero.door.asking import Exchange
from portero.door.grpc import GrpcUpgrade
from portero.door.pipes import Direction
from portero.door.request_head import GRPC, write_stamp
from portero.door.shares import Client
from portero.door.treating import DOCKERD_WITHIN, NO_ANSWER, Surroundings, TreatedRequest
from portero.door.treatment import Ask, NothingMore, Request, Treatment, TurnedAway
from portero.observe.host.clients import UNKNOWN, Account

_LOG = logging.getLogger(__name__)
# Seconds.
_ACCOUNT_WITHIN = 10.0
_ACCOUNTS_ALONE = "the users' door takes accounts of the host alone."
_IN_CONTAINER = (
    "The users' door is for processes of the host, and this one runs in a container, or has ended: give the container "
    "its own door (doors in site.json)."
)
_UNREADABLE = "The door cannot read which process asks: journalctl -u portero-door says why."
_NOT_ACCEPTED = "dockerd does not accept connections in time: see systemctl status docker."


class Stream(TreatedRequest):
    """`door`: by its name. `watch` has a socket's news reported, `forget` no more."""

    def __init__(
        self,
        client: socket.socket,
        door: str,
        uid: int | None,
        around: Surroundings,
        watch: Callable[[socket.socket, "Stream"], None],
        forget: Callable[[socket.socket], None],
        client_key: Client = "",
        refused: TurnedAway | None = None,
    ) -> None:
        super().__init__(client, uid, client_key, around.waiting, refused)
        self._door = door
        self._around = around
        self._watch = watch
        self._forget = forget
        self._account = UNKNOWN
        self._upgrade: GrpcUpgrade | None = None
        # To dockerd: for what the door asks, one after the other, and then for the request.
        self._upstream: socket.socket | None = None
        self._directions: tuple[Direction, ...] = ()

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        return (self.client,) if self._upstream is None else (self.client, self._upstream)

    @property
    def asks_name(self) -> bool:
        """Whether it waits for the name service."""
        return self.step in (self._meet, self._find_account)

    def name_wait(self) -> str:
        if self.asks_name:
            return f"The name service of the host did not say in time whose uid {self.uid} is: try again."
        if self.step in (self.read_answer, self._await_upgrade):
            return NO_ANSWER
        return _NOT_ACCEPTED if self.step == self.connect else ""

    def release(self) -> None:
        super().release()
        for direction in self._directions:
            direction.drop()

    def look(self) -> bool | None:
        """At the process. It takes longer than to accept a connection, and has its turn."""
        if self.uid is not None and self.refused is None:
            try:
                if not self._around.processes.is_trusted(self.client):
                    self.refused = TurnedAway(403, _IN_CONTAINER)
            except OSError as error:
                self.refused = TurnedAway(403, _UNREADABLE)
                cause = f"{error.filename or 'SO_PEERPIDFD'}: {error.strerror}"
                _LOG.error("cannot read the process of a client (%s): is /proc mounted with hidepid?", cause)
        return super().look()

    def begin(self) -> None:
        if self.uid is None or self.refused or self._around.accounts.is_known(self.uid):
            super().begin()
            return
        # A client without an account must not sit in the share of those who are not known yet.
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
        return self.treat(self._around.treat(Request(self._door, account.user, account.groups, *request)))

    def _drop_upstream(self) -> None:
        """A request may ask about hundreds of volumes: descriptors of what was answered are given back at once."""
        if (answered := self._upstream) is not None:
            self._upstream = None
            self._forget(answered)
            self.hung_up.discard(answered.fileno())
            answered.close()

    def connect(self) -> bool | None:
        self._drop_upstream()
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
        self._upstream = upstream
        stamp = self._around.stamps.make_stamp(self._door, self._account.user, self._account.groups, time.time())
        if isinstance(self.wanted, Ask):
            self.read_answer_of(Exchange(upstream, self.wanted, write_stamp(stamp)))
        else:
            self._begin(upstream, stamp)
        self._watch(upstream, self)
        return True

    def _begin(self, upstream: socket.socket, stamp: str) -> None:
        assert self.head is not None  # noqa: S101 - it was read
        if self.head is GRPC:
            self.wait(DOCKERD_WITHIN)
            self._upgrade = GrpcUpgrade(upstream, GRPC.write(stamp))
            self.step = self._await_upgrade
            return
        made, body = self.treatment, bytes(self.reader.rest)
        # Nothing of it is needed while the answer comes.
        self.treatment = Treatment()
        if made.body is not None:
            body = made.body
        first = self.head.change(made.target, len(body) if self.is_held else None).write(stamp) + body
        pipes, key = self._around.pipes, self.client_key
        self._go_on(
            Direction(self.client, upstream, pipes, key, first, NothingMore() if self.is_held else None),
            Direction(upstream, self.client, pipes, key, filter=made.answer),
        )

    def _go_on(self, up: Direction, down: Direction) -> None:
        self.reader.rest.clear()
        self._directions = up, down
        self.is_retried, self.until = False, None
        self.step = self._pass_on

    def _await_upgrade(self) -> bool | None:
        """What dockerd answers to the door's own request is not the client's."""
        assert self._upgrade is not None and self._upstream is not None  # noqa: S101, PT018 - it is this step
        first = self._upgrade.move()
        if first is None:
            return True
        ends, both = (self.client, self._upstream), (self._around.pipes, self.client_key)
        self._go_on(Direction(*ends, *both, bytes(self.reader.rest)), Direction(*ends[::-1], *both, first))
        return True

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
