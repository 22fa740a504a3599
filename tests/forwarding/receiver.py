"""A receiver of syslog over TCP, with TLS or without, that can be killed and started again on its port."""

import re
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path

_FRAME = re.compile(rb"(\d+) ")


class Receiver:
    """What came so far is in `messages`."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.port = 0
        self._certificate = certificate
        self._received: list[bytes] = []
        self._open: list[socket.socket] = []
        self.start()

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def kill(self) -> None:
        """As a process that ends: the port is closed, and every connection with it."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._open.clear()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
                if self._certificate is not None:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(self._certificate)
                    connection = context.wrap_socket(connection, server_side=True)
            except ssl.SSLError:
                continue
            except OSError:
                return
            self._open.append(connection)
            self._received.append(b"")
            place = len(self._received) - 1
            threading.Thread(target=self._read, args=(connection, place), daemon=True).start()

    def _read(self, connection: socket.socket, place: int) -> None:
        try:
            while data := connection.recv(1 << 16):
                self._received[place] += data
        except OSError:
            pass

    @property
    def messages(self) -> list[bytes]:
        """Every whole message; one that a connection's end cut off is none."""
        found = []
        for data in self._received:
            while (match := _FRAME.match(data)) and len(data) >= match.end() + int(match[1]):
                found.append(data[match.end() : match.end() + int(match[1])])
                data = data[match.end() + int(match[1]) :]
        return found
