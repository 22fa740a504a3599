"""HTTP over a Unix socket: http.client's connection, with another way to connect and one deadline for the exchange."""

import http.client
import socket
import time
from pathlib import Path
from typing import Any


class UnixConnection(http.client.HTTPConnection):
    """A connection to the socket at `address`; connecting, sending and reading take `seconds` at most in all."""

    def __init__(self, address: str | Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._address = str(address)
        self._seconds = seconds

    def connect(self) -> None:
        """Open the socket. OSError: nothing listens there, or (TimeoutError) the time is over."""
        self.sock = _DeadlineSocket(self._seconds)
        self.sock.connect(self._address)


class _DeadlineSocket(socket.socket):
    """A timeout of a socket counts anew for each read, so a peer that sends a byte now and then never meets it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(socket.AF_UNIX)
        self._deadline = time.monotonic() + seconds
        self.settimeout(seconds)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """As socket.recv_into, which every read of http.client ends in."""
        self._limit_wait()
        return super().recv_into(buffer, nbytes, flags)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """As socket.sendall."""
        self._limit_wait()
        super().sendall(data, flags)

    def _limit_wait(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.settimeout(left)
