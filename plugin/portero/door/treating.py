"""Has the steps of a treatment done for a request whose head was read."""

from portero.decide.values.dataclass import dataclass
from portero.door.asking import Exchange
from portero.door.pipes import Pipes
from portero.door.reception import Reception
from portero.door.shares import Share
from portero.door.stamps import Stamps
from portero.door.treatment import (
    UNREADABLE,
    Answered,
    Ask,
    HoldBody,
    Reply,
    Treat,
    Treating,
    Treatment,
    TurnedAway,
    pass_as_it_came,
)
from portero.observe.host.clients import AccountLookup, ClientProcesses

# Seconds. The second one: dockerd that starts again with many containers.
_BODY_WITHIN, DOCKERD_WITHIN = 60.0, 60.0
_PIECE = 1 << 16
# A body that is held is there as bytes and as text.
_COPIES = 2
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NO_ANSWER = "dockerd does not answer what the door asks for this request: see systemctl status docker."


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all connections of a door share. `dockerd`: the path of its socket."""

    dockerd: str
    stamps: Stamps
    accounts: AccountLookup
    processes: ClientProcesses
    pipes: Pipes
    waiting: Share
    treat: Treat = pass_as_it_came


class TreatedRequest(Reception):
    """`wanted`: what the treatment waits for. `is_held`: the body was received whole, or in part."""

    treatment = Treatment()
    wanted: HoldBody | Ask | None = None
    is_held = False
    _treating: Treating | None = None
    _exchange: Exchange | None = None

    def connect(self) -> bool | None:
        """The step that sends something to dockerd: what is wanted, or the request."""
        raise NotImplementedError

    def refuse(self, refused: TurnedAway) -> bool:
        """Who is refused lingers, and keeps nothing of the request meanwhile: that is not counted any more."""
        self.treatment, self.wanted, self._treating, self._exchange = Treatment(), None, None, None
        return super().refuse(refused)

    def treat(self, treating: Treating | None) -> bool:
        """Begin with a treatment."""
        self._treating = treating
        return self._go_on_treating(None)

    def read_answer_of(self, exchange: Exchange) -> None:
        """Wait for the answer to what is wanted."""
        self.wait(DOCKERD_WITHIN)
        self._exchange = exchange
        self.step = self.read_answer

    def _go_on_treating(self, reply: Reply) -> bool:
        """Have the next step of the treatment done; after the last one dockerd gets the request."""
        try:
            self.wanted = self._treating.send(reply) if self._treating is not None else None
        except StopIteration as end:
            self.treatment, self.wanted = end.value, None
        self.wait(_BODY_WITHIN if isinstance(self.wanted, HoldBody) else DOCKERD_WITHIN)
        self.step = self._hold_body if isinstance(self.wanted, HoldBody) else self.connect
        return True

    def _hold_body(self) -> bool | None:
        assert isinstance(self.wanted, HoldBody)  # noqa: S101 - it is this step
        assert self.head is not None  # noqa: S101 - it was read
        length, body = self.head.parsed.length, self.reader.rest
        if length is None or length > self.wanted.max_bytes:
            return self._go_on_treating(None)
        if len(body) < length and self.head.parsed.expects and not self.is_held:
            self.client.send(_CONTINUE)
        self.is_held = True
        if len(body) >= length:
            del body[length:]
            return self._go_on_treating(bytes(body))
        piece = self.client.recv(_PIECE)
        body += piece
        self.count_bytes(_COPIES * len(body))
        return bool(piece)

    def read_answer(self) -> bool | None:
        """Of what the treatment asked."""
        assert self._exchange is not None  # noqa: S101 - it is this step
        if self.client.fileno() in self.hung_up:
            return False
        try:
            answer = self._exchange.move()
        except ValueError:
            answer = Answered(UNREADABLE, b"")
        self.count_bytes(_COPIES * len(self.reader.rest) + self._exchange.held)
        if answer is None:
            return True
        self._exchange = None
        return self._go_on_treating(answer)
