"""The ways to a receiver, behind one small interface: datagrams (unix, UDP) and streams (TCP, TLS).

Syslog has no answer. On a stream, what was sent counts as delivered once the receiver's kernel has taken all of it;
what it did not take is sent again on the next connection. Datagrams of UDP can be lost without a trace.
"""

import fcntl
import socket
import ssl
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from portero.forwarding.destination import Destination
from portero.forwarding.syslog import frame, shorten

# Seconds for connecting, for one send, and for the receiver to take what was sent.
PATIENCE = 10.0
_LOOK_EVERY = 0.02


class Channel(Protocol):
    """A way to a receiver. Both methods raise OSError, after which the channel is of no use."""

    def send(self, messages: Sequence[bytes]) -> None:
        """Send these messages, and return once they count as delivered."""

    def close(self) -> None:
        """Let go of it."""


def open_channel(to: Destination, ca: Path | None) -> Channel:
    """Connect. Raises OSError."""
    if to.transport == "unix":
        return _Datagrams(_connect_unix(to.place))
    if to.transport == "udp":
        family, kind, protocol, _, address = socket.getaddrinfo(to.place, to.port, type=socket.SOCK_DGRAM)[0]
        sender = socket.socket(family, kind, protocol)
        sender.connect(address)
        return _Datagrams(sender)
    plain = socket.create_connection((to.place, to.port), timeout=PATIENCE)
    if to.transport == "tcp":
        return _Stream(plain)
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
        return _Stream(context.wrap_socket(plain, server_hostname=to.place))
    except BaseException:
        plain.close()
        raise


def _connect_unix(path: str) -> socket.socket:
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.settimeout(PATIENCE)
    try:
        sender.connect(path)
    except OSError:
        sender.close()
        raise
    return sender


class _Datagrams:
    def __init__(self, sender: socket.socket) -> None:
        self._sender = sender

    def send(self, messages: Sequence[bytes]) -> None:
        for message in messages:
            self._sender.send(shorten(message))

    def close(self) -> None:
        self._sender.close()


class _Stream:
    def __init__(self, sender: socket.socket) -> None:
        self._sender = sender
        self._sender.settimeout(PATIENCE)

    def send(self, messages: Sequence[bytes]) -> None:
        self._check_open()
        self._sender.sendall(b"".join(map(frame, messages)))
        end = time.monotonic() + PATIENCE
        while self._count_unsent():
            if time.monotonic() > end:
                raise TimeoutError("the receiver takes nothing")
            time.sleep(_LOOK_EVERY)
        self._check_open()

    def _count_unsent(self) -> int:
        """Bytes that the receiver's kernel has not acknowledged (tcp(7), SIOCOUTQ)."""
        return int(struct.unpack("i", fcntl.ioctl(self._sender.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0])

    def _check_open(self) -> None:
        """A receiver sends nothing; an end of its side is the end of what it reads."""
        self._sender.settimeout(0)
        try:
            if not self._sender.recv(4096):
                raise ConnectionResetError("the receiver closed the connection")
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        finally:
            self._sender.settimeout(PATIENCE)

    def close(self) -> None:
        self._sender.close()
