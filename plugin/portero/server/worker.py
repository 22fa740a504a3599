"""A worker process of gunicorn's that serves each connection in a thread of its own.

gunicorn's master makes and watches it: it shows that it lives, ends at a signal or when its master is gone, and first
answers what is under way. dockerd opens one connection for each request that waits for an answer, and judging
one may make us ask dockerd, which then asks us again: no thread may have to wait for another one to become free.
"""

import os
import selectors
import socket
import sys
import threading
import time
from contextlib import suppress

# gunicorn has no types of its own.
from gunicorn.workers import base  # type: ignore[import-untyped]

from portero.server.calls import Answers
from portero.server.connection import Connection

# The master waits four times as long for a sign of life.
_LOOKS_UP_EVERY = 30.0
# A client may just be sending on a connection that seems idle: so long is it left open.
_LINGERS = 2.0
_SHORT = 0.05
# How long a thread may keep the interpreter from others, who wait so long at each of their system calls. With Python's
# own 5 ms a ping waits up to 60 ms while the worst body is judged.
_SWITCHES_EVERY = 0.001


class Worker(base.Worker):  # type: ignore[misc]  # see above: no types
    """gunicorn's settings that count here: threads, worker_connections, graceful_timeout, timeout."""

    def run(self) -> None:
        """Accept connections until the end; gunicorn calls this once."""
        sys.setswitchinterval(_SWITCHES_EVERY)
        self._connections: set[Connection] = set()
        self._waiting: Connection | None = None
        self._turns = threading.BoundedSemaphore(self.cfg.threads)
        master, of_master = self.app.life
        os.close(of_master)
        with selectors.DefaultSelector() as waiting:
            for listener in self.sockets:
                listener.setblocking(False)
                waiting.register(listener, selectors.EVENT_READ, listener)
            waiting.register(self.PIPE[0], selectors.EVENT_READ)
            # It ends with the master.
            waiting.register(master, selectors.EVENT_READ)
            while self.alive and self.ppid == os.getppid():
                self.notify()
                self._look_up(waiting)
        self._end()

    def _look_up(self, waiting: selectors.BaseSelector) -> None:
        if self._waiting is not None:
            self._start(self._waiting)
        if self._waiting is not None or len(self._connections) >= self.cfg.worker_connections:
            time.sleep(_SHORT)
            return
        for key, _ in waiting.select(_LOOKS_UP_EVERY):
            if key.data is None:
                self._forget_signals()
            else:
                self._accept(key.data)

    def _forget_signals(self) -> None:
        """Their handlers have run; the pipe only ends the waiting."""
        with suppress(BlockingIOError):
            os.read(self.PIPE[0], 4096)

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # another worker was quicker, or the client has gone
            return
        except OSError as error:  # no descriptor is free, say: the client waits in the queue
            self.log.warning("no connection can be accepted: %s", error.strerror)
            time.sleep(_SHORT)
            return
        answers: Answers = self.app.answers
        self._start(Connection(client, answers, self.wsgi, self._turns, lambda: not self.alive))

    def _start(self, connection: Connection) -> None:
        """Serve it in a thread. Where there is room for none it waits, and nothing else is accepted until then.

        It is not closed: dockerd then asks again without the body (docker-facts 3).
        """
        self._connections.add(connection)
        try:
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
        except RuntimeError as error:
            self._connections.discard(connection)
            if self._waiting is None:
                self.log.warning("a connection waits: %s", error)
            self._waiting = connection
        else:
            self._waiting = None

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            self._connections.discard(connection)

    def _end(self) -> None:
        """Answer what is under way. gunicorn's master kills what has not ended in time."""
        self.alive = False
        for listener in self.sockets:
            listener.close()
        if self._waiting is not None:
            # Its request, if it has arrived, is answered here.
            self._waiting.hang_up()
            self._waiting.serve()
        began = time.monotonic()
        while self._connections and time.monotonic() < began + self.cfg.graceful_timeout:
            self.notify()
            if time.monotonic() > began + _LINGERS:
                for connection in [one for one in list(self._connections) if one.idle]:
                    connection.hang_up()
            time.sleep(_SHORT)
