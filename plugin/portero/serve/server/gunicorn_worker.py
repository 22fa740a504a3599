"""The deciding process, a worker of gunicorn's: its main thread accepts connections, and judges nothing.

gunicorn's arbiter starts and watches it: it sends heartbeats, ends at a signal or with the arbiter, and first answers
what is under way. dockerd opens a connection for each request that waits for an answer, and judging one may make us ask
dockerd, which then asks us again: no request may have to wait for another one.
"""

import logging
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress

# gunicorn has no types of its own.
from gunicorn.workers import base  # type: ignore[import-untyped]

from portero.serve.server.connection_loop import ConnectionLoop
from portero.serve.server.http_connection import Connection
from portero.serve.server.memory import LargeRequests, give_back
from portero.serve.server.plugin_protocol import Answers

_LOG = logging.getLogger(__name__)
# How often the main thread wakes up to send a heartbeat (gunicorn_arbiter._HANGS_AFTER).
_HEARTBEAT_SECONDS = 2.0
# Memory is given back then, and soon after a large request.
_GIVES_BACK_EVERY = 30.0
_GIVES_BACK_AFTER = 1.0
# How often the main thread looks at connections that there are: an answer that is held up is noticed within a second.
_WATCHES_EVERY = 1.0
# How long no connection is accepted, when one could not be served.
_PAUSE = 0.05
# A client may just be sending on a connection that seems idle: it stays open for so many seconds.
_LINGERS = 2.0
# How long connections are accepted at systemd's socket after the signal to end, while others are answered: these may
# make us ask dockerd, which asks us over a new connection.
_ACCEPTS_FOR = 5.0
# How long a thread may keep the interpreter from others, who wait so long at each of their system calls. With Python's
# own 5 ms a ping waits up to 60 ms while the worst body is judged.
_SWITCHES_EVERY = 0.001


class Worker(base.Worker):  # type: ignore[misc]  # see above: no types
    """gunicorn's settings that count here: threads, worker_connections, graceful_timeout, timeout."""

    # Until our own handler of SIGHUP is there, the arbiter's is, which does nothing here; without any it would kill.
    SIGNALS = tuple(number for number in base.Worker.SIGNALS if number != signal.SIGHUP)

    _must_reload = False

    def init_signals(self) -> None:
        """Gunicorn calls this once, before run()."""
        super().init_signals()
        signal.signal(signal.SIGHUP, self._note_reload)

    def _note_reload(self, *_: object) -> None:
        """No lock is taken here: one signal can interrupt the handler of another."""
        self._must_reload = True

    def run(self) -> None:
        """Serve until the end; gunicorn calls this once."""
        sys.setswitchinterval(_SWITCHES_EVERY)
        self.app.arbiter_end.close()
        self._large = LargeRequests(self.cfg.threads, self._wake)
        self._loop = ConnectionLoop(self._connect, self.cfg.worker_connections)
        for listener in self.sockets:
            listener.setblocking(False)
        gave_back = time.monotonic()
        while self.alive:
            self.notify()
            every = _GIVES_BACK_AFTER if self._large.were_served else _GIVES_BACK_EVERY
            if time.monotonic() >= gave_back + every:
                self._large.were_served = False
                give_back()
                gave_back = time.monotonic()
            is_watched = self._loop.connections or self._large.were_served
            self._wait(_WATCHES_EVERY if is_watched else _HEARTBEAT_SECONDS)
        self._end()

    def _wait(self, seconds: float) -> None:
        """Wait for connections, signals and the arbiter, and handle them."""
        has_room = self._loop.has_room()
        waiting = [self.PIPE[0], self.app.decider_end, *(self.sockets if has_room else ())]
        ready, _, _ = select.select(waiting, (), (), seconds if has_room else _PAUSE)
        if self.PIPE[0] in ready:
            # It only ends the wait: handlers of signals have run by now.
            with suppress(BlockingIOError):
                os.read(self.PIPE[0], 4096)
        if self._must_reload:
            self._must_reload = False
            self.app.policy_updater.request_reload()
        for listener in self.sockets:
            if listener in ready:
                self._accept(listener)
        if self.app.decider_end in ready:
            self._listen_to_arbiter()

    def _accept(self, listener: socket.socket) -> bool:
        """Have the next connection served; whether there was one."""
        try:
            client, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # the client has hung up
            return False
        except OSError as error:  # no descriptor is free, say: the client waits in the queue
            _LOG.warning("no connection can be accepted: %s", error.strerror)
            time.sleep(_PAUSE)
            return False
        self._loop.serve(client)
        return True

    def _listen_to_arbiter(self) -> None:
        """It hands over a new socket in place of a lost one, or it has ended: then this process ends, too."""
        _, descriptors, _, _ = socket.recv_fds(self.app.decider_end, 64, 1)
        if not descriptors:
            self.alive = False
            return
        self._stop_listening()
        self.sockets = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        for listener in self.sockets:
            listener.setblocking(False)

    def _wake(self) -> None:
        """Called by other threads: the main thread does not wait any longer."""
        with suppress(BlockingIOError):
            os.write(self.PIPE[1], b"!")

    def _connect(self, client: socket.socket) -> Connection:
        answers: Answers = self.app.answers
        return Connection(client, answers, self.wsgi, self._large, lambda: not self.alive)

    def _stop_listening(self) -> None:
        """Accept all that wait first, since no other process will."""
        for listener in self.sockets:
            while self._accept(listener):
                pass
            listener.close()

    def _end(self) -> None:
        """Answer what is under way. gunicorn's arbiter kills what has not ended in time."""
        began = time.monotonic()
        # systemd keeps its socket, with all that wait there.
        accepts_until = began + (_ACCEPTS_FOR if self.app.listener.path is None else 0)
        if self.app.listener.path is not None:
            self._stop_listening()
        while self._loop.connections and (now := time.monotonic()) < began + self.cfg.graceful_timeout:
            self.notify()
            if now > began + _LINGERS:
                for connection in [*self._loop.connections]:
                    connection.hang_up_if_idle(0)
            listeners = self.sockets if now < accepts_until and self._loop.has_room() else ()
            ready, _, _ = select.select(listeners, (), (), _PAUSE)
            for listener in ready:
                self._accept(listener)
