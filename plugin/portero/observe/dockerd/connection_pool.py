"""A pool of connections to a daemon, for the next lookups: at most four idle ones.

A lookup that finds none opens one, so no lookup waits for another one. There are at most as many as lookups are under
way, and these four.
"""

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # slow to load
    from portero.observe.dockerd.unix_http import UnixConnection

_MANY = 4


class ConnectionPool:
    """Those to one daemon, each by the address of its socket; threads may call it at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[str, UnixConnection]] = []
        self._many = _MANY

    def take(self, address: str) -> "UnixConnection | None":
        """The one that was put back last; None: there is none. The daemon can have closed it meanwhile."""
        with self._lock:
            for index in reversed(range(len(self._idle))):
                if self._idle[index][0] == address:
                    return self._idle.pop(index)[1]
        return None

    def put_back(self, address: str, connection: "UnixConnection") -> None:
        """Put back one whose last answer was read; the oldest one is closed for it."""
        with self._lock:
            self._idle.append((address, connection))
        self._close_beyond()

    def close(self) -> None:
        """The daemon has ended: all are closed."""
        self._many = 0
        self._close_beyond()

    def _close_beyond(self) -> None:
        with self._lock:
            beyond = self._idle[: max(0, len(self._idle) - self._many)]
            del self._idle[: len(beyond)]
        for _, connection in beyond:
            connection.close()
