"""HTTP over a Unix socket: http.client's connection with another way to connect."""

import http.client
import socket
from pathlib import Path


class UnixConnection(http.client.HTTPConnection):
    """A connection to the socket at `address`; connecting and each read wait `seconds` at most."""

    def __init__(self, address: str | Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._address = str(address)
        self._seconds = seconds

    def connect(self) -> None:
        """Open the socket; raises OSError when nobody listens there."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self._seconds)
        self.sock.connect(self._address)
