"""The connections of dockerd: one thread, the leader, waits for all of them and answers what comes.

Threads that each wait at a connection hand the interpreter to one another at every system call: over 16 busy
connections that takes four times the time. Before an answer waits for a daemon, another thread becomes the leader; so
it does when one has been held up, by a file system that hangs for instance. For a while then, and after an answer that
was slow, another one becomes the leader before anything is judged. Large requests are always given to another thread.
"""

import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from portero.observe.process.threads import call_before_wait
from portero.serve.server.http_connection import Connection, Progress

_LOG = logging.getLogger(__name__)
# Threads that wait for work from the start on, beside the leader. More end with what they did.
_SPARE = 4
# How long one answer may take a leader before another one takes over, and from when on it is slow. For so many times as
# long no leader judges, but not for more than a minute: a machine under load makes answers slow, too.
_HELD_UP_AFTER, _SLOW, _CAREFUL_TIMES, _MAX_CAREFUL = 1.0, 0.05, 100, 60.0
# How often the leader looks for connections that have been idle for too long; how many requests it hears of at once.
_LOOKS_EVERY, _AT_ONCE = 5.0, 16


class ConnectionLoop:
    """At most `max_connections` are served at once; one thread calls its methods. `connect` makes one of a socket."""

    def __init__(self, connect: Callable[[socket.socket], Connection], max_connections: int) -> None:
        self.connections: set[Connection] = set()
        self._connect = connect
        self._maximum = max_connections
        self._epoll = select.epoll()
        self._by_descriptor: dict[int, Connection] = {}
        # What threads have to do: answer a request, or (None) be the leader.
        self._tasks: SimpleQueue[Connection | None] = SimpleQueue()
        self._lock = threading.Lock()
        # How many threads wait; below 0: how many tasks do.
        self._waiting = 0
        self._is_short = False
        # The ident of the thread that leads; what it is answering, and since when by time.monotonic().
        self._leader: int | None = None
        self._answering: tuple[Connection, float] | None = None
        self._careful_until = 0.0
        while self._waiting <= _SPARE and self._start():
            self._waiting += 1
        self._give(None)

    def has_room(self) -> bool:
        """Whether another connection can be served. Called again and again: it also looks after the leader."""
        answering, now = self._answering, time.monotonic()
        if answering is not None and now > answering[1] + _HELD_UP_AFTER:
            self._careful_until = now + _MAX_CAREFUL
            self._pass_lead(answering)
        return len(self.connections) < self._maximum

    def serve(self, client: socket.socket) -> None:
        """Have this connection served."""
        connection = self._connect(client)
        self.connections.add(connection)
        self._by_descriptor[client.fileno()] = connection
        self._epoll.register(client, select.EPOLLIN)

    def _lead(self) -> None:
        me = threading.get_ident()
        self._leader, looked = me, time.monotonic()
        while self._leader == me:
            for descriptor, _ in self._epoll.poll(_LOOKS_EVERY, _AT_ONCE):
                connection, now = self._by_descriptor[descriptor], time.monotonic()
                self._answering = connection, now
                progress = self._serve_one(connection, small_only=True, is_slow=now <= self._careful_until)
                with self._lock:
                    is_heard = self._leader == me
                    if is_heard:
                        self._answering = None
                self._settle(connection, progress, is_heard=is_heard)
                if self._leader != me:
                    # Of what is left the next leader hears, too.
                    return
                if (took := time.monotonic() - now) > _SLOW:
                    self._careful_until = now + min(_CAREFUL_TIMES * took, _MAX_CAREFUL)
            if time.monotonic() > looked + _LOOKS_EVERY:
                looked = time.monotonic()
                for connection in tuple(self.connections):
                    connection.hang_up_if_idle()

    def _lead_on(self) -> None:
        try:
            self._lead()
        except Exception as error:  # noqa: BLE001 - no memory, say; there must be a leader
            _LOG.error("internal error", exc_info=error)
            self._pass_own_lead()

    def _pass_lead(self, answering: tuple[Connection, float] | None) -> None:
        """The leader goes on with what it is answering, of which the next one must not hear, unless it has ended."""
        with self._lock:
            if self._answering is not answering:
                return
            self._answering = self._leader = None
            if answering is not None:
                self._epoll.unregister(answering[0].descriptor)
        self._give(None)

    def _pass_own_lead(self) -> None:
        if self._leader == threading.get_ident():
            self._pass_lead(self._answering)

    def _work(self) -> None:
        call_before_wait(self._pass_own_lead)
        is_needed = True
        while is_needed:
            if (connection := self._tasks.get()) is None:
                self._lead_on()
            else:
                self._settle(connection, self._serve_one(connection), is_heard=False)
            with self._lock:
                is_needed = self._waiting < _SPARE
                self._waiting += is_needed

    def _serve_one(self, connection: Connection, **limits: bool) -> Progress:
        """Answer its next request, within the limits of a leader."""
        try:
            return connection.serve_one(**limits)
        except OSError:
            return Progress.ENDED
        except Exception as error:  # noqa: BLE001 - it ends this connection alone
            _LOG.error("internal error", exc_info=error)
            return Progress.ENDED

    def _settle(self, connection: Connection, progress: Progress, *, is_heard: bool) -> None:
        """Have its next request heard, and no other event; the connection may have ended, or need another thread."""
        if progress is Progress.ANSWERED:
            if is_heard:
                return
            with suppress(OSError):
                self._epoll.register(connection.descriptor, select.EPOLLIN)
                return
        elif is_heard:
            self._epoll.unregister(connection.descriptor)
        if progress is Progress.BEYOND_LIMITS:
            self._give(connection)
        else:
            self._by_descriptor.pop(connection.descriptor)
            connection.close()
            self.connections.discard(connection)

    def _give(self, task: Connection | None) -> None:
        with self._lock:
            self._waiting -= 1
            is_short = self._waiting < 0
        is_started = is_short and self._start()
        if is_started:
            with self._lock:
                self._waiting += 1
        if is_started or not is_short or task is None:
            self._tasks.put(task)
            return
        # The system has no room for a thread: this one answers itself.
        with self._lock:
            self._waiting += 1
        self._settle(task, self._serve_one(task), is_heard=False)

    def _start(self) -> bool:
        try:
            threading.Thread(target=self._work, name="connections", daemon=True).start()
        except (RuntimeError, MemoryError) as error:
            if not self._is_short:
                _LOG.warning("requests may have to wait: %s", str(error) or "no memory for a thread")
            self._is_short = True
            return False
        self._is_short = False
        return True
