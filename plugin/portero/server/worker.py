"""A worker process of gunicorn's: its main thread looks after the threads that answer (loop.py), and judges nothing.

gunicorn's master makes and watches it: it shows that it lives, ends at a signal or when its master is gone, and first
answers what is under way. At SIGUSR2 it makes way for another worker: it accepts no connection, and ends after its
last one. dockerd opens a connection for each request that waits for an answer, and judging one may make us ask dockerd,
which then asks us again: no request may have to wait until a thread becomes free.
"""

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress

# gunicorn has no types of its own.
from gunicorn.workers import base  # type: ignore[import-untyped]

from portero.server.calls import Answers
from portero.server.connection import Connection
from portero.server.loop import Loop
from portero.server.memory import LargeRequests, give_back
from portero.threads import call_before_lookups

_SHOWS_LIFE_EVERY = 1.0
# How often memory is given back: after large requests, and otherwise.
_GIVES_BACK_SOON, _GIVES_BACK_EVERY = 1.0, 30.0
# A client may just be sending on a connection that seems idle: so long is it left open.
_LINGERS = 2.0
_SHORT = 0.05
# How long a thread may keep the interpreter from others, who wait so long at each of their system calls. With Python's
# own 5 ms a ping waits up to 60 ms while the worst body is judged.
_SWITCHES_EVERY = 0.001


class Worker(base.Worker):  # type: ignore[misc]  # see above: no types
    """gunicorn's settings that count here: threads, worker_connections, graceful_timeout, timeout."""

    _retires = False

    def init_signals(self) -> None:
        """Gunicorn calls this once, before run()."""
        super().init_signals()
        signal.signal(signal.SIGUSR2, self._retire)

    def _retire(self, *_: object) -> None:
        self._retires = True

    def run(self) -> None:
        """Serve until the end; gunicorn calls this once."""
        sys.setswitchinterval(_SWITCHES_EVERY)
        self._large = LargeRequests(self.cfg.threads)
        master, of_master = self.app.life
        os.close(of_master)
        for listener in self.sockets:
            listener.setblocking(False)
        self._loop = Loop(self.sockets, self._connect, self.cfg.worker_connections)
        call_before_lookups(self._loop.before_lookup)
        # It ends with the master.
        waiting = (self._loop.news, self.PIPE[0], master)
        # From here on requests are answered.
        self._loop.look_after()
        shows_life, gave_back = 0.0, time.monotonic()
        while self.alive and self.ppid == os.getppid() and not self._has_retired():
            if time.monotonic() >= shows_life:
                self.notify()
                shows_life = time.monotonic() + _SHOWS_LIFE_EVERY
            every = _GIVES_BACK_SOON if self._large.were_served else _GIVES_BACK_EVERY
            if time.monotonic() >= gave_back + every:
                self._large.were_served = False
                give_back()
                gave_back = time.monotonic()
            rest = _GIVES_BACK_SOON if self._large.were_served or self._retires else _GIVES_BACK_EVERY
            ready, _, _ = select.select(waiting, (), (), min(self._loop.look_after(), rest))
            for descriptor in ready:
                # What it says is done: the handlers of signals have run. It only ends the waiting.
                with suppress(BlockingIOError):
                    os.read(descriptor, 4096)
        self._end()

    def _connect(self, client: socket.socket, before_waiting: Callable[[], None]) -> Connection:
        answers: Answers = self.app.answers
        return Connection(client, answers, self.wsgi, self._large, self._is_ending, before_waiting)

    def _is_ending(self) -> bool:
        return self._retires or not self.alive

    def _has_retired(self) -> bool:
        """Whether this worker has made way, and no connection is left.

        Each ends with its next answer, which says so, or when dockerd closes it, which it does after 30 idle seconds.
        """
        if not self._retires:
            return False
        # Where the socket is lost, no other worker accepts the connections that wait there.
        self._loop.stop_accepting(first_all=True)
        return not self._loop.connections

    def _end(self) -> None:
        """Answer what is under way. gunicorn's master kills what has not ended in time."""
        self.alive = False
        self._loop.stop_accepting(first_all=not self.app.listener.is_served_on())
        # A new connection must not wait at this socket: after the master was killed, no other process would accept it.
        for listener in self.sockets:
            listener.close()
        began = time.monotonic()
        connections = self._loop.connections
        while connections and time.monotonic() < began + self.cfg.graceful_timeout:
            self.notify()
            if time.monotonic() > began + _LINGERS:
                for connection in [one for one in [*connections.values()] if one.idle]:
                    connection.hang_up()
            time.sleep(min(_SHORT, self._loop.look_after()))
