"""The lead of a worker: one of its threads has it, waits for requests and answers them; the others wait for the lead.

The thread that has it passes it on before it waits for anything but the next request, and goes on with its request
alone. It can also be taken from a thread that stands still. So most requests are answered without a change of threads,
which costs more than most answers, and none has to wait for a thread that waits.
"""

import logging
import threading
from collections.abc import Callable
from threading import get_ident

_LOG = logging.getLogger(__name__)
# Threads beyond these end instead of waiting for the lead.
_MOST_WAITING = 4
_NO_THREAD = 0


class Lead:
    """`work` is done by the thread that has the lead; it returns when the thread has it no more."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._taken = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0
        self._holder = _NO_THREAD
        self._lacked = False

    def is_mine(self) -> bool:
        """Whether this thread has the lead."""
        return self._holder == get_ident()

    def give_up(self) -> None:
        """Take the lead from the thread that has it; the next one has it at once."""
        self._holder = _NO_THREAD
        self._taken.release()
        self.supply()

    def supply(self) -> bool:
        """See to it that a thread waits for the lead; whether one does. Where the system has no room for one: later."""
        with self._counting:
            if self._waiting:
                return True
            self._waiting += 1
        try:
            threading.Thread(target=self._follow, name="requests", daemon=True).start()
        except (RuntimeError, MemoryError) as error:
            with self._counting:
                self._waiting -= 1
            if not self._lacked:
                _LOG.warning("requests may have to wait: %s", str(error) or "no memory for a thread")
            self._lacked = True
            return False
        self._lacked = False
        return True

    def _follow(self) -> None:
        """Wait for the lead, again and again. Who starts this thread has counted it already."""
        while True:
            self._taken.acquire()
            self._holder = get_ident()
            with self._counting:
                self._waiting -= 1
            try:
                self._work()
            except Exception as error:  # noqa: BLE001 - the worker must go on answering after any error
                _LOG.error("internal error", exc_info=error)
            if self.is_mine():
                self.give_up()
            with self._counting:
                if self._waiting >= _MOST_WAITING:
                    return
                self._waiting += 1
