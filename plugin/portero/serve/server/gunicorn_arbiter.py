"""gunicorn's arbiter: it holds the socket and keeps one deciding process running, never two.

The deciding process ends no connection before its client does, or before it has answered on it: one that closes can
cost a request (docker-facts 3.6). When the socket's file was removed, dockerd cannot connect any more: the arbiter
makes it anew before dockerd tries.
"""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

# gunicorn has no types of its own.
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]

from portero.decide.values.dataclass import dataclass
from portero.serve.application.operational_log import redirect_logger
from portero.serve.server.listener import Listener, LostSocket
from portero.serve.server.memory import share_with_forks
from portero.serve.server.plugin_protocol import Answers
from portero.serve.server.start_up import count_connections, raise_limit
from portero.serve.server.wsgi import LazyPage, Page
from portero.serve.settings.settings import Settings

_LOG = logging.getLogger(__name__)


# A decider without a heartbeat for so long hangs, if it used no processor time meanwhile; a busy one has longer.
_HANGS_AFTER = 10.0
_BUSY_FOR = 60.0
_IDLE_TICKS = 5
# It answers what is under way before it ends. systemd waits for 15 s (TimeoutStopSec).
_GRACE = 10
_CHECKS_SOCKET_EVERY = 0.5
# Seconds until one that failed is replaced.
_PAUSE_AFTER_FAILURE = 1.0
# A decider shows that it lives by touching a file. Under systemd's ProtectSystem=strict /tmp cannot be written.
_HEARTBEAT_FOLDER = "/dev/shm"  # noqa: S108 - mkstemp makes the file, and unlinks it at once (gunicorn workers/workertmp.py)


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat of a decider: `time` (monotonic), and the processor time in ticks that it had used when it was seen.

    Before its first one a decider has the time of day, which is later than any monotonic time: a start may take long.
    """

    time: float
    ticks: int

    def hangs(self, beat: "Beat", now: float) -> bool:
        """`beat`: the same one, seen again `now`."""
        return now - self.time > (_HANGS_AFTER if beat.ticks - self.ticks <= _IDLE_TICKS else _BUSY_FOR)


def read_processor_ticks(process: int) -> int:
    """Processor time of all its threads, in clock ticks (proc_pid_stat(5), utime and stime). OSError: it has ended."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


class PolicyUpdater(Protocol):
    """Keeps the policy up to date: portero.serve.application.reload_thread.ReloadThread."""

    def start(self, *, is_replacement: bool) -> None:
        """Called in a decider before it serves. `is_replacement`: it is not the first one of this arbiter."""

    def request_reload(self) -> None:
        """Called in the decider at SIGHUP; it returns at once."""


class Server(BaseApplication):  # type: ignore[misc]  # see above: no types
    """Serves on the listener until a signal ends it."""

    def __init__(
        self,
        answers: Answers,
        policy_updater: PolicyUpdater,
        listener: Listener,
        settings: Settings,
        tell_alive: Callable[[], None] = lambda: None,
    ) -> None:
        self.answers = answers
        self.policy_updater = policy_updater
        self.listener = listener
        self.tell_alive = tell_alive
        self._settings = settings
        # The arbiter hands a new listening socket to the decider here; its end shows that the arbiter has ended.
        self.arbiter_end, self.decider_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        super().__init__()

    def load_config(self) -> None:
        """Gunicorn's settings; only ours count, neither a gunicorn.conf.py nor GUNICORN_CMD_ARGS."""
        values: dict[str, object] = {
            "worker_class": "portero.serve.server.gunicorn_worker.Worker",
            "workers": 1,
            "threads": self._settings.threads,
            "worker_connections": count_connections(raise_limit()),
            # Its own check logs two lines, and takes a busy decider for one that hangs.
            "timeout": 0,
            "graceful_timeout": _GRACE,
            "max_requests": 0,
            "preload_app": True,
            "post_worker_init": lambda worker: self.policy_updater.start(is_replacement=worker.age > 1),
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "proc_name": "portero",
            "worker_tmp_dir": _HEARTBEAT_FOLDER if os.access(_HEARTBEAT_FOLDER, os.W_OK) else None,
            # Newer gunicorns open a second socket, by which the server can be steered.
            "control_socket_disable": True,
        }
        for name, value in values.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Page:
        """Called once, before the first decider is made."""
        return LazyPage(self._make_pages)

    def _make_pages(self) -> Page:
        from portero.serve.server.status_pages import create_pages

        return create_pages(self.answers)

    def run(self) -> None:
        """Serve; returns by SystemExit."""
        share_with_forks()
        _Arbiter(self, self.listener).run()


class _Arbiter(Arbiter):  # type: ignore[misc]  # see above: no types
    LISTENERS: list[socket.socket]

    def __init__(self, server: Server, listener: Listener) -> None:
        super().__init__(server)
        redirect_logger(self.log.error_log)
        # Gunicorn takes one that was replaced for one that the kernel killed for lack of memory.
        self._hung = 0
        self.log.error_log.addFilter(lambda record: f"(pid:{self._hung})" not in record.getMessage())
        self._socket = LostSocket(listener)
        self._beats: dict[int, Beat] = {}
        self.LISTENERS = [socket.socket(fileno=listener.descriptor)]
        # Gunicorn would remove the socket by its name, even when another process owns it by then; systemd's it keeps.
        self.systemd = True

    def stop(self, graceful: bool = True) -> None:
        """The file goes first: dockerd waits for a missing socket, but a connection that is not accepted is lost."""
        self._socket.listener.remove()
        super().stop(graceful)

    def spawn_worker(self) -> int | None:
        """Gunicorn would end when a decider cannot be forked or cannot begin, for lack of memory say: try again."""
        try:
            process: int | None = super().spawn_worker()
        except OSError as error:
            # Only the arbiter gets here: a decider leaves super().spawn_worker() by SystemExit.
            self.log.error("cannot start the deciding process: %s", error.strerror)
            return None
        except SystemExit as end:
            # Only a decider gets here. At its own exit status gunicorn would raise HaltServer.
            if end.code:
                time.sleep(_PAUSE_AFTER_FAILURE)
                raise SystemExit(1) from None
            raise
        return process

    def murder_workers(self) -> None:
        """Replace a decider that hangs; gunicorn's main loop calls this."""
        now = time.monotonic()
        for process, worker in [*self.WORKERS.items()]:
            try:
                beat = Beat(worker.tmp.last_update(), read_processor_ticks(process))
            except (OSError, ValueError):  # it is ending
                continue
            before = self._beats.get(process)
            if before is None or before.time != beat.time:
                self._beats = {process: beat}
            elif before.hangs(beat, now):
                _LOG.error(
                    "the deciding process %d hangs (no heartbeat for %.0f s): replaced", process, now - beat.time
                )
                self._hung = process
                self.kill_worker(process, signal.SIGKILL)

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Gunicorn's main loop calls this most often: a lost socket is noticed here."""
        self.app.tell_alive()
        try:
            if self._socket.replace_if_lost(time.monotonic()):
                self._listen_anew()
        except Exception as error:  # noqa: BLE001 - the arbiter goes on after any error
            _LOG.error("internal error while checking the socket", exc_info=error)
        signals: list[int] = super().wait_for_signals(min(timeout, _CHECKS_SOCKET_EVERY))
        return signals

    def _listen_anew(self) -> None:
        """Hand the new socket to the decider, and to those after it."""
        (before,) = self.LISTENERS
        self.LISTENERS = [socket.socket(fileno=self._socket.listener.descriptor)]
        before.close()
        try:
            socket.send_fds(self.app.arbiter_end, [b"socket"], [self.LISTENERS[0].fileno()], socket.MSG_DONTWAIT)
        except OSError as error:  # it hangs, or there is no memory: the next one begins with the new socket
            _LOG.error("cannot hand over the new socket (%s): the deciding process is replaced", error.strerror)
            self.kill_workers(signal.SIGTERM)

    def handle_hup(self) -> None:
        """Gunicorn would replace the decider: it has the policy loaded in a thread."""
        self.kill_workers(signal.SIGHUP)

    def handle_usr2(self) -> None:
        """Gunicorn would start a second arbiter over the same socket; a new portero is started by its service."""
        self.log.warning("SIGUSR2 is ignored: restart portero instead")

    def handle_ttin(self) -> None:
        """Gunicorn would begin a second decider. SIGTTOU it ignores by itself, where there is one."""
