"""HTTP over a Unix socket: http.client's connection, with another way to connect and one deadline for the exchange."""

import http.client
import os
import socket
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from portero.observe.process.threads import announce_wait

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class UnixConnection(http.client.HTTPConnection):
    """A connection to the socket at `address`; connecting, sending and reading take `seconds` at most in all."""

    def __init__(self, address: str | Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._address = str(address)
        self._seconds = seconds

    def connect(self) -> None:
        """Open the socket. OSError: nothing listens there, or (TimeoutError) the time is over."""
        announce_wait()
        self.sock: _UnixSocket = _UnixSocket(self._seconds)
        try:
            self.sock.connect(self._address)
        except ConnectionRefusedError as error:
            if kind := _name_other_kind(self._address):
                raise ConnectionRefusedError(error.errno, f"it is a {kind}, not a socket") from error
            raise

    def limit(self, deadline: float, prolong: Callable[[float], float] | None = None) -> None:
        """Have what it sends and reads from now on end by then, by time.monotonic().

        `prolong`: asked then, with the deadline, for a later one; the same: there is none.
        """
        self.sock.deadline, self.sock.prolong = deadline, prolong


class IdleConnections(Protocol):
    """Connections that have been used, by the address of their socket; observe.dockerd.connection_pool keeps them."""

    def take(self, address: str) -> UnixConnection | None: ...

    def put_back(self, address: str, connection: UnixConnection) -> None: ...


class _UnixSocket(socket.socket):
    """All its reads and writes together end at `deadline`, by time.monotonic().

    A timeout of a socket counts anew for each read, so a peer that sends a byte now and then never meets it.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(socket.AF_UNIX)
        self.deadline = time.monotonic() + seconds
        self.prolong: Callable[[float], float] | None = None
        self.settimeout(seconds)

    def recv_into(self, *arguments: Any, **more: Any) -> int:
        """As socket.recv_into, which every read of http.client ends in."""
        while True:
            try:
                self.settimeout(_find_seconds_left(self.deadline))
                return super().recv_into(*arguments, **more)
            except TimeoutError:
                later = self.prolong(self.deadline) if self.prolong else self.deadline
                if later <= self.deadline:
                    raise
                self.deadline = later

    def sendall(self, *arguments: Any, **more: Any) -> None:
        self.settimeout(_find_seconds_left(self.deadline))
        super().sendall(*arguments, **more)


def _name_other_kind(path: str) -> str:
    """What is there instead of a socket; empty where it is one, or cannot be seen."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return ""
    return "" if stat.S_ISSOCK(mode) else "folder" if stat.S_ISDIR(mode) else "file"


def _find_seconds_left(deadline: float) -> float:
    """The time until a deadline by time.monotonic(); raises TimeoutError when it is over."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def exchange(
    address: str | Path,
    seconds: float,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    body: bytes | Iterable[bytes] | None = None,
    max_bytes: int,
    check: Callable[[socket.socket], None] | None = None,
    pool: IdleConnections | None = None,
    prolong: Callable[[float], float] | None = None,
) -> tuple[int, bytes]:
    """Status and body of the answer. OSError: none came in whole and in time; ValueError: it is not HTTP, or longer.

    `check` sees the connected socket before anything is sent, and may raise OSError. `pool`: for a GET, which may be
    sent twice. `prolong`: see UnixConnection.limit.
    """
    with open_response(
        address, seconds, method, target, headers=headers, body=body, check=check, pool=pool, prolong=prolong
    ) as response:
        content = response.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise ValueError(f"{method} {target} was answered with more than {max_bytes} bytes")
        # http.client does not say when a body of a known length was cut short.
        if response.length:
            raise ConnectionResetError(f"{method} {target} was answered in part")
        return response.status, content


@contextmanager
def open_response(
    address: str | Path,
    seconds: float,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    body: bytes | Iterable[bytes] | None = None,
    check: Callable[[socket.socket], None] | None = None,
    pool: IdleConnections | None = None,
    prolong: Callable[[float], float] | None = None,
) -> Iterator[http.client.HTTPResponse]:
    """The answer for the length of a block, which reads its body; the same errors, in the block too."""
    deadline = time.monotonic() + seconds
    connection = pool.take(str(address)) if pool else None

    def send(by: UnixConnection) -> http.client.HTTPResponse:
        by.request(method, target, body, dict(headers))
        return by.getresponse()

    try:
        response = None
        if connection is not None:
            announce_wait()
            connection.limit(deadline, prolong)
            # The daemon can have closed it since, and answers nothing then.
            with suppress(ConnectionError):
                response = send(connection)
        if connection is None or response is None:
            if connection is not None:
                connection.close()
            connection = UnixConnection(address, _find_seconds_left(deadline))
            connection.connect()
            connection.sock.prolong = prolong
            if check is not None:
                check(connection.sock)
            response = send(connection)
        yield response
        if pool and response.isclosed() and connection.sock is not None:
            pool.put_back(str(address), connection)
            connection = None
    except http.client.HTTPException as error:
        raise ValueError(f"{method} {target} was not answered in HTTP") from error
    finally:
        if connection is not None:
            connection.close()
