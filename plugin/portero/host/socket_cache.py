"""Keeps the listening sockets between requests: one thread reads /proc, so that no request has to."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from portero.host.listening_sockets import read_sockets
from portero.host.sockets import ListeningSockets
from portero.threads import start_thread

# Seconds. What is older than ten is read anew before a request is decided.
_READ_EVERY = 5.0
_OLDEST = 10.0


class HeldSockets:
    """The last reading that worked, never older than ten seconds.

    A reading that fails is not kept: the last good one stands until it is too old.
    """

    def __init__(
        self,
        read: Callable[[], ListeningSockets] = read_sockets,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._clock = clock
        self._reading = threading.Lock()
        # One attribute, so that threads never see the sockets of one reading beside the time of another.
        self._held: tuple[ListeningSockets, float] = (ListeningSockets(()), float("-inf"))

    def current(self) -> ListeningSockets:
        """The sockets; raises the OSError of the reading when the last one that worked is too old."""
        if (fresh := self._fresh()) is not None:
            return fresh
        with self._reading:
            # Another thread may have read them meanwhile.
            return self._fresh() or self._renew()

    def watch(self) -> None:
        """Start the thread, once in each process."""
        start_thread("sockets", self._watch)

    def refresh(self) -> None:
        """Read now; a failure leaves the last reading."""
        with self._reading, suppress(OSError):
            self._renew()

    def _watch(self) -> None:
        while True:
            self.refresh()
            time.sleep(_READ_EVERY)

    def _fresh(self) -> ListeningSockets | None:
        sockets, read = self._held
        return sockets if self._clock() < read + _OLDEST else None

    def _renew(self) -> ListeningSockets:
        began = self._clock()
        sockets = self._read()
        self._held = (sockets, began)
        return sockets
