"""Keeps the listening sockets between requests: one thread of each worker reads /proc, so that no request has to."""

import threading
import time
from collections.abc import Callable

from portero.host.listening_sockets import read_sockets
from portero.host.sockets import ListeningSockets
from portero.threads import start_thread

# The thread reads every 5 seconds; what is older than 10 is read anew before a request is decided.
_READ_EVERY = 5.0
_OLDEST = 10.0
# A socket can be handed on to a process of root, or out of a container: so often all processes are looked through.
_ANEW_EVERY = 60.0

_NONE = ListeningSockets(())


class HeldSockets:
    """The last reading that worked, never older than ten seconds.

    A reading that fails is not kept: the last good one stands until it is too old.
    """

    def __init__(
        self,
        read: Callable[[ListeningSockets], ListeningSockets] = lambda before: read_sockets(before=before),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._clock = clock
        self._reading = threading.Lock()
        # One attribute, so that threads never see the sockets of one reading beside the time of another.
        self._held: tuple[ListeningSockets, float] = (_NONE, float("-inf"))
        self._next_anew = float("-inf")

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
        with self._reading:
            try:
                self._renew()
            except OSError:
                return

    def _watch(self) -> None:
        while True:
            self.refresh()
            time.sleep(_READ_EVERY)

    def _fresh(self) -> ListeningSockets | None:
        sockets, read = self._held
        return sockets if self._clock() < read + _OLDEST else None

    def _renew(self) -> ListeningSockets:
        began = self._clock()
        is_anew = began >= self._next_anew
        sockets = self._read(_NONE if is_anew else self._held[0])
        self._held = (sockets, began)
        if is_anew:
            self._next_anew = began + _ANEW_EVERY
        return sockets
