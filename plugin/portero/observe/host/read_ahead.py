"""What costs too much to read in each request, read ahead by a thread: a function in, its last results out.

A result counts for twice the seconds between two readings. A reading that fails is not cached: the last good one
counts until it is too old, and then the request reads, and has the error.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from portero.observe.process.threads import start_thread

_MAX_ROOTS = 8

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """The last reading that worked for each root of files; "/" where a reading does not depend on it."""

    def __init__(
        self, read: Callable[[str], T], clock: Callable[[], float] = time.monotonic, *, seconds: float = 5.0
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._reading = threading.Lock()
        # Each entry is one value, so that threads never see the result of one reading beside the time of another.
        self._cached: dict[str, tuple[T, float]] = {}

    def read(self, root: str = "/") -> T:
        """The result; raises the OSError of the reading when the last one that worked is too old."""
        if (fresh := self._find_fresh(root)) is not None:
            return fresh
        with self._reading:
            # Another thread may have read it meanwhile.
            fresh = self._find_fresh(root)
            return self._renew(root) if fresh is None else fresh

    def watch(self, name: str) -> None:
        """Start the thread, once in each process."""
        start_thread(name, self._watch)

    def refresh(self) -> None:
        """Read now what was read before; a failure leaves the last reading."""
        for root in tuple(self._cached) or ("/",):
            with self._reading, suppress(OSError):
                self._renew(root)

    def _watch(self) -> None:
        while True:
            self.refresh()
            time.sleep(self._seconds)

    def _find_fresh(self, root: str) -> T | None:
        cached = self._cached.get(root)
        return cached[0] if cached is not None and self._clock() < cached[1] + 2 * self._seconds else None

    def _renew(self, root: str) -> T:
        began = self._clock()
        result = self._read(root)
        others = [each for each in self._cached.items() if each[0] != root]
        self._cached = dict([*others[1 - _MAX_ROOTS :], (root, (result, began))])
        return result
