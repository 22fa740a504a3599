"""A thread for each connection: dockerd keeps few, and a request that waits for the daemon holds up no other.

A few threads wait for the next connection, so that requests are answered while the system has no room for more.
"""

import logging
import socket
import threading
from collections.abc import Callable
from queue import SimpleQueue

from portero.server.http_connection import Connection

_LOG = logging.getLogger(__name__)
# So many threads wait for a connection from the start on. More end with their connection.
_SPARE = 4


class ConnectionThreads:
    """`connect` makes a connection of a socket; at most `most` are served at once. One thread hands them over."""

    def __init__(self, connect: Callable[[socket.socket], Connection], most: int) -> None:
        self.connections: set[Connection] = set()
        self._connect = connect
        self._most = most
        self._handed: SimpleQueue[Connection] = SimpleQueue()
        self._changing = threading.Lock()
        self._waiting = 0
        self._lacked = False
        while self._waiting < _SPARE and self._start():
            pass

    def has_room(self) -> bool:
        """Whether a thread waits for another connection; one is started if need be, and if the system has room."""
        return len(self.connections) < self._most and (self._waiting > 0 or self._start())

    def serve(self, client: socket.socket) -> None:
        """Have this connection served, by a thread that waits or by the next that ends another one."""
        connection = self._connect(client)
        self.connections.add(connection)
        with self._changing:
            self._waiting -= 1
        self._handed.put(connection)

    def _start(self) -> bool:
        try:
            threading.Thread(target=self._serve_all, name="connection", daemon=True).start()
        except (RuntimeError, MemoryError) as error:
            if not self._lacked:
                _LOG.warning("requests may have to wait: %s", str(error) or "no memory for a thread")
            self._lacked = True
            return False
        self._lacked = False
        with self._changing:
            self._waiting += 1
        return True

    def _serve_all(self) -> None:
        is_needed = True
        while is_needed:
            connection = self._handed.get()
            try:
                connection.serve()
            except Exception as error:  # noqa: BLE001 - it ends this connection alone
                _LOG.error("internal error", exc_info=error)
            connection.close()
            self.connections.discard(connection)
            with self._changing:
                is_needed = self._waiting < _SPARE
                self._waiting += is_needed
