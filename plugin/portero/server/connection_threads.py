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
# Threads that wait for a connection from the start on. More end with their connection.
_SPARE = 4


class ConnectionThreads:
    """At most `max_connections` are served at once; one thread calls serve(). `connect` makes one of a socket."""

    def __init__(self, connect: Callable[[socket.socket], Connection], max_connections: int) -> None:
        self.connections: set[Connection] = set()
        self._connect = connect
        self._max_connections = max_connections
        self._queue: SimpleQueue[Connection] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._is_short = False
        while self._idle < _SPARE and self._start():
            pass

    def has_room(self) -> bool:
        """Whether a thread waits for another connection; one is started if need be, and if the system has room."""
        return len(self.connections) < self._max_connections and (self._idle > 0 or self._start())

    def serve(self, client: socket.socket) -> None:
        """Have this connection served, by a thread that waits or by the next that ends another one."""
        connection = self._connect(client)
        self.connections.add(connection)
        with self._lock:
            self._idle -= 1
        self._queue.put(connection)

    def _start(self) -> bool:
        try:
            threading.Thread(target=self._serve_all, name="connection", daemon=True).start()
        except (RuntimeError, MemoryError) as error:
            if not self._is_short:
                _LOG.warning("requests may have to wait: %s", str(error) or "no memory for a thread")
            self._is_short = True
            return False
        self._is_short = False
        with self._lock:
            self._idle += 1
        return True

    def _serve_all(self) -> None:
        is_needed = True
        while is_needed:
            connection = self._queue.get()
            try:
                connection.serve()
            except Exception as error:  # noqa: BLE001 - it ends this connection alone
                _LOG.error("internal error", exc_info=error)
            connection.close()
            self.connections.discard(connection)
            with self._lock:
                is_needed = self._idle < _SPARE
                self._idle += is_needed
