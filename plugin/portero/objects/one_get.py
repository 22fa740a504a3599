"""One GET at a Unix socket: an address and a target in, status and body out.

http.client takes four times as long, and a create asks for up to four objects. The request is HTTP/1.0: the body then
ends with its length or with the connection, never in chunks.
"""

import re
import socket
import time
from collections.abc import Callable, Mapping

_TARGET = re.compile(r"/[!-~]*")
_STATUS = re.compile(rb"HTTP/1\.[01] (?P<status>[2-5][0-9]{2})(?: [^\r\n]*)?")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_LONGEST_HEAD = 64 << 10


def get_once(
    address: str,
    target: str,
    headers: Mapping[str, str],
    seconds: float,
    longest: int,
    check: Callable[[socket.socket], None],
) -> tuple[int, bytes] | None:
    """Status and body; None: what came is no whole answer of at most `longest` bytes.

    `check`: called with the connection before anything is sent. OSError: nothing listens there, or (TimeoutError) the
    time is over.
    """
    if not _TARGET.fullmatch(target):
        return None
    deadline = time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        connection.connect(address)
        check(connection)
        lines = (f"GET {target} HTTP/1.0", "Host: localhost", *(f"{name}: {text}" for name, text in headers.items()))
        connection.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        return _Answer(connection, deadline).read(longest)


class _Answer:
    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self._data = bytearray()

    def read(self, longest: int) -> tuple[int, bytes] | None:
        while (end := self._data.find(b"\r\n\r\n")) < 0:
            if len(self._data) > _LONGEST_HEAD or not self._receive():
                return None
        first, *lines = bytes(self._data[:end]).split(b"\r\n")
        status = _STATUS.fullmatch(first)
        fields = [(name.strip().lower(), text.strip()) for name, _, text in (line.partition(b":") for line in lines)]
        lengths = [text for name, text in fields if name == b"content-length"]
        is_chunked = any(name == b"transfer-encoding" for name, _ in fields)
        if status is None or is_chunked or len({*lengths}) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
            return None
        del self._data[: end + len(b"\r\n\r\n")]
        length = int(lengths[0]) if lengths else None
        while len(self._data) <= longest and (length is None or len(self._data) < length) and self._receive():
            continue
        is_whole = len(self._data) <= longest and length in (None, len(self._data))
        return (int(status["status"]), bytes(self._data)) if is_whole else None

    def _receive(self) -> bool:
        """Whether more came; False: the other end has closed. The time counts for all parts together."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)
        part = self._connection.recv(64 << 10)
        self._data += part
        return part != b""
