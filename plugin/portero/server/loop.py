"""The connections of a worker: what has something to read is served by the thread that has the lead (lead.py).

What may take long is served without the lead: parts of requests and answers that do not come or go at once, large
bodies, pages, and judging that waits for the daemon. A thread that stands still all the same, at a file system that
hangs say, loses the lead after one or two ticks of the main thread.
"""

import logging
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from portero.server.accepting import PAUSE, Accepting
from portero.server.connection import Connection
from portero.server.lead import Lead

_LOG = logging.getLogger(__name__)
_TICK = 0.01
# After so many ticks without a request the main thread sleeps until the next one.
_QUIET = 20
# How often the main thread looks for connections that are late, while there may be some and otherwise.
_OFTEN, _RARELY = 1.0, 30.0
_MOST_EVENTS = 64
# So often is looked for more, each time with one new connection, before the next request is served.
_MOST_LOOKS = 256
# So many requests ask the daemon at once, since it asks us about each of these lookups; others wait a while for one of
# them to end. With many more, too many threads compute for these answers to come in time.
_MOST_LOOKUPS = 8
_PATIENCE = 10.0


class Loop:
    """`connect` makes a connection of a socket and what a thread calls before it waits; `most` are served at once."""

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        connect: Callable[[socket.socket, Callable[[], None]], Connection],
        most: int,
    ) -> None:
        self.connections: dict[int, Connection] = {}
        # Readable when look_after() has to be called.
        self.news = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._connect = connect
        self._most = most
        self._epoll = select.epoll()
        self._listeners = [listener.fileno() for listener in listeners]
        self._accepting = Accepting(self._epoll, listeners, self._wake)
        self._lead = Lead(self._answer)
        self._changing = threading.Lock()
        self._lookups = threading.Semaphore(_MOST_LOOKUPS)
        # The threads whose requests have not asked the daemon yet, and those whose requests take one of the lookups.
        self._unasked: set[int] = set()
        self._looking_up: set[int] = set()
        self._due: deque[Connection] = deque()
        # What the thread with the lead does, and how often it has begun something, now and at the last tick.
        self._serving: Connection | None = None
        self._begun = self._seen = 0
        self._quiet = 0
        self._is_asleep = False
        self._next_look = 0.0

    def look_after(self) -> float:
        """Called by the main thread; returns after how many seconds without news it wants to be called again."""
        self._is_asleep = False
        now = time.monotonic()
        if self._begun == self._seen:
            self._quiet += 1
            self._take_lead()
        else:
            self._seen, self._quiet = self._begun, 0
        self._accepting.go_on(now)
        if now >= self._next_look:
            self._hang_up_late(now)
        if not self._lead.supply() or self._accepting.is_paused:
            return PAUSE
        if self._quiet < _QUIET:
            return _TICK
        self._is_asleep = True
        if self._begun != self._seen:  # by a thread that did not see the line above
            return _TICK
        return _RARELY if all(connection.idle for connection in [*self.connections.values()]) else _OFTEN

    def pass_on(self) -> None:
        """Called by a thread before it waits: if it has the lead, another one gets it."""
        if self._lead.is_mine():
            with self._changing:
                if self._lead.is_mine():
                    self._let_go()

    def before_lookup(self) -> None:
        """Called by a thread before it asks the daemon; once in each request it may have to wait for its turn."""
        thread = threading.get_ident()
        if thread in self._unasked:
            self._unasked.remove(thread)
            self.pass_on()
            if self._lookups.acquire(timeout=_PATIENCE):
                self._looking_up.add(thread)

    def stop_accepting(self, *, first_all: bool = False) -> None:
        """Accept no connection any more; one that is being accepted is among `connections` at the end of this.

        `first_all`: first accept all that wait, since no other process will. A second call does nothing.
        """
        with self._changing:
            first_all = first_all and not self._accepting.has_stopped
            while first_all and any(self._accept(listener) for listener in self._listeners):
                pass
            self._accepting.stop()

    def _take_lead(self) -> None:
        with self._changing:
            if self._serving is not None and self._begun == self._seen:
                self._let_go()

    def _let_go(self) -> None:
        if self._serving is not None:
            # What comes over it is for the thread that serves it.
            self._epoll.unregister(self._serving.descriptor)
            self._serving = None
        self._lead.give_up()

    def _answer(self) -> None:
        """Answer what comes while this thread has the lead: first what is urgent, then the rest as it came.

        All that has come is received before anything that may wait: what is urgent may stand behind it.
        """
        looks = 0
        while self._lead.is_mine():
            events = self._epoll.poll(0 if self._due else -1, _MOST_EVENTS)
            may_be_more = len(events) == _MOST_EVENTS  # otherwise these were all, a moment ago
            for descriptor, _ in events:
                if descriptor in self._accepting:
                    may_be_more = True
                    with self._changing:
                        self._accept(descriptor)
                elif descriptor in self.connections:
                    self._receive(self.connections[descriptor])
                if not self._lead.is_mine():
                    return
            looks += 1
            if self._due and (not may_be_more or looks > _MOST_LOOKS):
                self._serve(self._due.popleft())
                looks = 0

    def _receive(self, connection: Connection) -> None:
        if connection.is_queued:
            return
        if connection.receive():
            if connection.is_urgent:
                self._serve(connection)
            else:
                connection.is_queued = True
                self._due.append(connection)

    def _serve(self, connection: Connection) -> None:
        self._begun += 1
        self._serving = connection
        if self._is_asleep:
            self._wake()
        thread = threading.get_ident()
        self._unasked.add(thread)
        try:
            goes_on = connection.answer()
        except Exception as error:  # noqa: BLE001 - it ends this connection alone
            _LOG.error("internal error", exc_info=error)
            goes_on = False
        self._unasked.discard(thread)
        if thread in self._looking_up:
            self._looking_up.remove(thread)
            self._lookups.release()
        with self._changing:
            still = self._lead.is_mine()
            if still:
                self._serving = None
        if goes_on and not still:
            goes_on = self._await_more(connection)
        if not goes_on:
            self._close(connection, registered=still)

    def _await_more(self, connection: Connection) -> bool:
        """Have its next request served, by whichever thread; whether the system has room to wait for one."""
        try:
            self._epoll.register(connection.descriptor, select.EPOLLIN)
        except OSError as error:
            _LOG.warning("a connection is closed, since its requests cannot be waited for: %s", error.strerror)
            return False
        return True

    def _close(self, connection: Connection, *, registered: bool) -> None:
        if registered:
            self._epoll.unregister(connection.descriptor)
        self.connections.pop(connection.descriptor, None)
        connection.close()

    def _wake(self) -> None:
        self._is_asleep = False
        os.eventfd_write(self.news, 1)

    def _accept(self, listener: int) -> bool:
        """Accept the connection that waits; whether there was one, and room for it."""
        if len(self.connections) >= self._most:
            self._accepting.pause()
            return False
        client = self._accepting.accept(listener)
        if client is None:
            return False
        connection = self._connect(client, self.pass_on)
        self.connections[connection.descriptor] = connection
        if not self._await_more(connection):
            self._close(connection, registered=False)
        return True

    def _hang_up_late(self, now: float) -> None:
        self._next_look = now + _OFTEN
        for connection in [*self.connections.values()]:
            connection.hang_up_when_late(now)
