"""Keeps the listening sockets of the daemons between requests, so that not every request reads /proc."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from portero.host.sockets import ListeningSockets, read_sockets

# Processes start and stop; one command of docker sends several requests within moments.
_KEPT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class UnreadSockets:
    """No reading has worked yet; `error` is why the last one failed."""

    error: OSError


class HeldSockets:
    """The last reading that worked, renewed when it is older than five seconds.

    A reading that fails is never kept: the last good one stands, and the next request reads again.
    """

    def __init__(
        self, read: Callable[[], ListeningSockets] = read_sockets, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        # One attribute, so that threads never see the sockets of one reading beside the time of another.
        self._held: tuple[ListeningSockets | None, float] = (None, float("-inf"))

    def state(self) -> ListeningSockets | UnreadSockets:
        """The sockets as far as they are known; UnreadSockets: they are not, which is not the same as none."""
        sockets, until = self._held
        now = self._clock()
        if now < until and sockets is not None:
            return sockets
        try:
            sockets = self._read()
        except OSError as error:
            return UnreadSockets(error) if sockets is None else sockets
        self._held = (sockets, now + _KEPT_SECONDS)
        return sockets

    def current(self) -> ListeningSockets:
        """The sockets; raises the OSError of the last reading when none has worked yet."""
        state = self.state()
        if isinstance(state, UnreadSockets):
            raise state.error
        return state
