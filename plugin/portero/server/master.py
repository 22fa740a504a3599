"""The processes that answer: gunicorn's master and its workers, run inside our own process.

The policy is loaded before the first worker is made. The master tends it from then on, and the workers follow at once.
Later they make way for new ones, which share the memory of the new policy. None of them closes a connection for that
before its client does, or before it has answered on it: a connection that closes can cost a request (docker-facts 3.6).
"""

import logging
import os
import signal
import time
from typing import Protocol

# gunicorn has no types of its own.
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.sock import close_sockets, create_sockets  # type: ignore[import-untyped]

from portero.server.calls import Answers
from portero.server.descriptors import count_connections, raise_limit
from portero.server.listener import Listener
from portero.server.lost_socket import LostSocket
from portero.server.memory import share_with_forks
from portero.server.page import LaterPage, Page
from portero.server.renewal import Renewal
from portero.service.settings import Settings

_LOG = logging.getLogger(__name__)
# A worker whose main loop stands still for so long is replaced; connections are served in threads and are not counted.
_TIMEOUT = 120
_GRACE = 20
_TENDS_AFTER_ERROR = 1.0
# A worker that failed is replaced after so many seconds.
_RESTS_AFTER_FAILURE = 1.0
# Workers show that they live by touching a file. Under systemd's ProtectSystem=strict /tmp cannot be written.
_HEARTBEATS = "/dev/shm"  # noqa: S108 - mkstemp makes the file, and unlinks it at once (gunicorn workers/workertmp.py)


class Tended(Protocol):
    """Keeps the policy up to date: portero.service.live.Live. `policies`: how many came into force after the first."""

    policies: int

    def tend(self) -> float:
        """Called in the master every now and then; in so many seconds it wants to be called again."""
        ...

    def reload(self) -> None:
        """Called in the master at SIGHUP."""
        ...

    def follow(self) -> None:
        """Called once in each worker before it serves."""
        ...

    def leave(self) -> None:
        """Called in each worker when it ends; it must not fail."""
        ...

    def bury(self, worker: int) -> None:
        """Called in the master with the pid of a worker that has ended; it must not fail."""
        ...


class Master(BaseApplication):  # type: ignore[misc]  # see above: no types
    """Serves on the listener, until a signal ends it."""

    def __init__(self, answers: Answers, tended: Tended, listener: Listener, settings: Settings) -> None:
        self.answers = answers
        self._tended = tended
        self.listener = listener
        self._settings = settings
        # Nothing is ever written: the end of the pipe tells workers that the master has gone.
        self.life = os.pipe()
        super().__init__()

    def load_config(self) -> None:
        """Gunicorn's settings; only ours count, neither a gunicorn.conf.py nor GUNICORN_CMD_ARGS."""
        chosen: dict[str, object] = {
            "bind": f"fd://{self.listener.descriptor}",
            "worker_class": "portero.server.worker.Worker",
            "workers": self._settings.workers,
            "threads": self._settings.threads,
            "worker_connections": count_connections(raise_limit()),
            "timeout": _TIMEOUT,
            "graceful_timeout": _GRACE,
            "max_requests": 0,
            "preload_app": True,
            "post_worker_init": lambda worker: self._tended.follow(),
            "child_exit": lambda master, worker: self._tended.bury(worker.pid),
            "worker_exit": lambda master, worker: self._tended.leave(),
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "logger_class": "portero.server.gunicorn_log.GunicornLog",
            "proc_name": "portero",
            "worker_tmp_dir": _HEARTBEATS if os.access(_HEARTBEATS, os.W_OK) else None,
            # Newer gunicorns open a second socket, by which the server can be steered.
            "control_socket_disable": True,
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Page:
        """Called once, before the workers are made."""
        return LaterPage(self._make_pages)

    def _make_pages(self) -> Page:
        # flask takes a third of the time of a start, and dockerd asks for no page.
        from portero.server.app import create

        return create(self.answers)

    def run(self) -> None:
        """Serve; returns by SystemExit."""
        share_with_forks()
        _Arbiter(self, self._tended, self.listener).run()


class _Arbiter(Arbiter):  # type: ignore[misc]  # see above: no types
    LISTENERS: list[object]

    def __init__(self, master: Master, tended: Tended, listener: Listener) -> None:
        self._renewal = Renewal()
        super().__init__(master)
        self._tended = tended
        self._socket = LostSocket(listener)
        # Whether the new socket has no workers yet.
        self._is_deaf = False
        # Gunicorn would remove the socket by its name, even when another process owns it by then; systemd's it keeps.
        self.systemd = True

    @property
    def num_workers(self) -> int:
        """How many there are to be: gunicorn makes those that lack, and ends the oldest that are too many."""
        return self._wanted + self._count_retiring()

    @num_workers.setter
    def num_workers(self, number: int) -> None:
        self._wanted = number - self._count_retiring()

    def _count_retiring(self) -> int:
        return len(self._renewal.retiring.intersection(self.WORKERS))

    def stop(self, graceful: bool = True) -> None:
        """The file goes first: dockerd waits for a missing socket, but a connection that is not accepted is lost."""
        self._socket.listener.remove()
        super().stop(graceful)

    def spawn_worker(self) -> int | None:
        """A worker that cannot be made now, for lack of memory, processes or descriptors, is tried again soon."""
        try:
            made: int | None = super().spawn_worker()
        except OSError as error:
            # Only the master gets here: a worker leaves super().spawn_worker() by SystemExit.
            self.log.error("cannot start a worker: %s", error.strerror)
            return None
        except SystemExit as end:
            # Only a worker gets here. Gunicorn would end the master, and all other workers, for one that cannot begin.
            if end.code:
                time.sleep(_RESTS_AFTER_FAILURE)
                raise SystemExit(1) from None
            raise
        return made

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Gunicorn's main loop comes by here. No thread does this work, since the master forks."""
        try:
            self._is_deaf = self._socket.make_anew(time.monotonic()) or self._is_deaf
            if self._is_deaf:
                self._listen_anew()
            rest = self._tended.tend()
            self._renew_workers()
        except Exception as error:  # noqa: BLE001 - the master and its workers go on after any error
            _LOG.error("internal error while tending policy and socket", exc_info=error)
            rest = _TENDS_AFTER_ERROR
        signals: list[int] = super().wait_for_signals(min(timeout, rest))
        return signals

    def _listen_anew(self) -> None:
        """Have new workers at the new socket, and let those at the old one end."""
        listeners = self.LISTENERS
        self.cfg.set("bind", f"fd://{self._socket.listener.descriptor}")
        self.LISTENERS = create_sockets(self.cfg, self.log)
        self._is_deaf = False
        close_sockets(listeners, unlink=False)
        self._renewal.retire(self.WORKERS)
        # New connections wait for the new workers.
        self.manage_workers()

    def _renew_workers(self) -> None:
        now, renewal = time.monotonic(), self._renewal
        renewal.note(self._tended.policies, self.worker_age, now)
        if renewal.begin({process: worker.age for process, worker in self.WORKERS.items()}, now):
            share_with_forks()
        # The main loop makes the new workers first. Those that make way get the signal again and again: one that was
        # just made may not handle it yet.
        elif renewal.retiring and self._do_others_serve(now):
            for process in renewal.retiring:
                self.kill_worker(process, signal.SIGUSR2)

    def _do_others_serve(self, now: float) -> bool:
        """Whether there are enough workers that do not make way, and all of them have begun to serve."""
        others = [worker for process, worker in self.WORKERS.items() if process not in self._renewal.retiring]
        # A worker first shows that it lives when it serves. Until then its file has the time of day, which is later.
        return len(others) >= self._wanted and all(worker.tmp.last_update() <= now for worker in others)

    def handle_hup(self) -> None:
        """Gunicorn would replace the workers."""
        self._tended.reload()

    def handle_usr2(self) -> None:
        """Gunicorn would start a second master over the same socket; a new portero is started by its service."""
        self.log.warning("SIGUSR2 is ignored: restart portero instead")
