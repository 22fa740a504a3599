"""Accepting connections in a worker: its listeners among what its epoll waits for, in turns with the other workers."""

import logging
import select
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf

_LOG = logging.getLogger(__name__)
# How long no connection is accepted, when one could not be.
PAUSE = 0.05
# One worker wakes up for a new connection, not all of them: the first of those that wait (epoll_ctl(2)).
_NEW_CONNECTION = select.EPOLLIN | select.EPOLLEXCLUSIVE


class Accepting:
    """Nothing here is called by two threads at once but `go_on`, and that only while `is_paused`."""

    def __init__(self, epoll: select.epoll, listeners: Sequence[socket.socket], on_pause: Callable[[], None]) -> None:
        """`on_pause` is called after each pause began."""
        self._epoll = epoll
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._on_pause = on_pause
        # When connections are accepted again; 0: they are.
        self._resume = 0.0
        for descriptor in self._listeners:
            epoll.register(descriptor, _NEW_CONNECTION)

    def __contains__(self, descriptor: int) -> bool:
        """Whether this is one of the listeners."""
        return descriptor in self._listeners

    @property
    def is_paused(self) -> bool:
        """Whether no connection is accepted for a while."""
        return 0 < self._resume < inf

    @property
    def has_stopped(self) -> bool:
        """Whether no connection is accepted any more."""
        return self._resume == inf

    def accept(self, descriptor: int) -> socket.socket | None:
        """The connection that a listener has; None: there is none, or it cannot be accepted now."""
        if self.has_stopped:
            return None
        try:
            client, _ = self._listeners[descriptor].accept()
        except (BlockingIOError, ConnectionAbortedError):  # another worker was quicker, or the client has gone
            return None
        except OSError as error:  # no descriptor is free, say: the client waits in the queue
            _LOG.warning("no connection can be accepted: %s", error.strerror)
            self.pause()
            return None
        self._let_others_go_first(descriptor)
        return client

    def pause(self) -> None:
        """Accept no connection for a while."""
        self._resume = self._resume or time.monotonic() + PAUSE
        self._forget()
        self._on_pause()

    def stop(self) -> None:
        """Accept no connection any more."""
        self._resume = inf
        self._forget()

    def go_on(self, now: float) -> None:
        """Accept connections again, if the pause is over."""
        if not 0 < self._resume <= now:
            return
        self._resume = 0.0
        for descriptor in self._listeners:
            try:
                self._epoll.register(descriptor, _NEW_CONNECTION)
            except FileExistsError:
                pass
            except OSError:  # no room for it: try again
                self.pause()

    def _let_others_go_first(self, descriptor: int) -> None:
        """Stand behind them, or one worker would get every connection that comes while it waits."""
        try:
            self._epoll.unregister(descriptor)
            self._epoll.register(descriptor, _NEW_CONNECTION)
        except OSError:  # no room for it: try again
            self.pause()

    def _forget(self) -> None:
        for descriptor in self._listeners:
            with suppress(OSError):
                self._epoll.unregister(descriptor)
