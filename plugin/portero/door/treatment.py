"""How a request and its answer may be changed on their way: what a treatment asks the door for, and what it gives back.

A treatment is a generator. A Treat is given to DoorLoop by serve.py and called once for each request, after
its head was read and its account is known, before dockerd is asked. It returns None for a request that passes as it
came, or a generator, such as:

    def label(request: Request) -> Treating:
        body = yield from hold_body(2 << 20)          # None: it is longer or chunked, and passes as it came
        answer = yield from ask("GET", "/services")   # dockerd's answer to the caller, by the caller's own stamp
        return Treatment(body=..., answer=Filter())

It may raise TurnedAway. It keeps no socket and no clock, so tests drive it by hand. The loop has one thread: between
two steps, and in one `feed`, a treatment has 50 ms.
"""

import json
from collections.abc import Callable, Generator
from http import HTTPStatus
from typing import Protocol, TypeAlias

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import PorteroError


@dataclass(frozen=True, slots=True)
class Request:
    """`user`: empty at a tool's door. `length`: None for a chunked body."""

    door: str
    user: str
    groups: tuple[str, ...]
    method: str
    target: str
    content_type: str
    length: int | None


class AnswerFilter(Protocol):
    """Gets the bytes of dockerd's answer as they come, from its first line on, and gives what the client gets instead.

    What a filter cannot read it does not pass on: before its first byte it gives a whole answer of its own (502), later
    nothing more, and sets `ended`. An exception ends the connection.
    """

    @property
    def held(self) -> int:
        """How many bytes it keeps; the door bounds them for each account and for all."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the connection ends after what was given."""
        ...

    def feed(self, data: bytes) -> bytes: ...

    def end(self) -> bytes:
        """What is left to give when dockerd has ended its answer."""
        ...


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is changed; None: nothing. `target`: what the request line names. `body`: after hold_body alone."""

    target: str | None = None
    body: bytes | None = None
    answer: AnswerFilter | None = None


class TurnedAway(PorteroError):
    """The request is not passed on: a status, and a sentence with the cure."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(message)

    def write(self, *, without_content: bool) -> bytes:
        """The answer of the door to its client, as dockerd's are."""
        data = json.dumps({"message": f"portero door: {self.message}"}).encode()
        line = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\nContent-Type: application/json\r\n"
        head = f"{line}Content-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode()
        return head if without_content else head + data


@dataclass(frozen=True, slots=True)
class HoldBody:
    """A step: the whole body is wanted."""

    max_bytes: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A step: a request of the door's own to dockerd, for the same caller. `filter`: what stays of its answer."""

    method: str
    target: str
    body: bytes
    max_bytes: int
    filter: AnswerFilter | None = None

    def write(self, stamp_field: str) -> bytes:
        fields = ("Host: docker", "Content-Type: application/json", f"Content-Length: {len(self.body)}", stamp_field)
        return "\r\n".join((f"{self.method} {self.target} HTTP/1.1", *fields, "Connection: close\r\n\r\n")).encode() + (
            self.body
        )


# The status of an answer that cannot be read, or is longer than asked for.
UNREADABLE = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """dockerd's answer to an Ask."""

    status: int
    body: bytes


Reply: TypeAlias = bytes | Answered | None
Treating: TypeAlias = Generator[HoldBody | Ask, Reply, Treatment]
Treat: TypeAlias = Callable[[Request], Treating | None]


def pass_as_it_came(_request: Request) -> Treating | None:
    """The Treat of a door that changes nothing."""
    return None


class NothingMore:
    """Stands after a body that was received whole: what still comes does not belong to the request."""

    held, ended = 0, False

    def feed(self, data: bytes) -> bytes:
        return b""

    def end(self) -> bytes:
        return b""


def hold_body(max_bytes: int) -> Generator[HoldBody, Reply, bytes | None]:
    """The body of the request; None where it is longer, or chunked."""
    reply = yield HoldBody(max_bytes)
    return reply if isinstance(reply, bytes) else None


def ask(
    method: str, target: str, body: bytes = b"", max_bytes: int = 4 << 20, filter: AnswerFilter | None = None
) -> Generator[Ask, Reply, Answered]:
    """dockerd's answer; the client gets an error of the door where none comes."""
    reply = yield Ask(method, target, body, max_bytes, filter)
    assert isinstance(reply, Answered)  # noqa: S101 - so the door replies
    return reply
