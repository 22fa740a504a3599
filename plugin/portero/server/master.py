"""The processes that answer: gunicorn's master and its threaded workers, run inside our own process.

The policy is loaded before the first worker is made. SIGHUP loads it anew; a broken one leaves the old in force.
"""

import os
from collections.abc import Callable

from flask import Flask

# gunicorn has no types of its own.
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]

from portero.server.app import Answers, create
from portero.server.listener import Listener
from portero.settings import Settings

# dockerd keeps idle connections for 30 s (moby pkg/plugins/transport); ours must not be the side that hangs up, since
# a question whose connection closes is repeated without its body (docker-facts 3).
_KEEPALIVE = 75
# Connections beyond the threads wait for a free one, they are not turned away.
_CONNECTIONS = 1000
# A worker whose main loop stands still for so long is replaced; judging happens in threads and is not counted.
_TIMEOUT = 120
_GRACE = 20
# Workers show that they live by touching a file. Under systemd's ProtectSystem=strict /tmp cannot be written.
_HEARTBEATS = "/dev/shm"  # noqa: S108 - mkstemp makes the file, and unlinks it at once (gunicorn workers/workertmp.py)


class Master(BaseApplication):  # type: ignore[misc]  # see above: no types
    """Serves what `load` makes on the listener, until a signal ends it."""

    def __init__(self, load: Callable[[], Answers], listener: Listener, settings: Settings) -> None:
        self._load = load
        self._listener = listener
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Gunicorn's settings; only ours count, neither a gunicorn.conf.py nor GUNICORN_CMD_ARGS."""
        chosen: dict[str, object] = {
            "bind": f"fd://{self._listener.descriptor}",
            "worker_class": "gthread",
            "workers": self._settings.workers,
            "threads": self._settings.threads,
            "worker_connections": max(_CONNECTIONS, 2 * self._settings.threads),
            "keepalive": _KEEPALIVE,
            "timeout": _TIMEOUT,
            "graceful_timeout": _GRACE,
            "max_requests": 0,
            "preload_app": True,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "proc_name": "portero",
            "worker_tmp_dir": _HEARTBEATS if os.access(_HEARTBEATS, os.W_OK) else None,
            # Newer gunicorns open a second socket, by which the server can be steered.
            "control_socket_disable": True,
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called once before the workers are made, and once more at each reload."""
        return create(self._load())

    def reload(self) -> None:
        """SIGHUP: the next workers get what is then loaded."""
        self.callable = None
        super().reload()

    def run(self) -> None:
        """Serve; returns by SystemExit."""
        _Arbiter(self, self._listener).run()


class _Arbiter(Arbiter):  # type: ignore[misc]  # see above: no types
    def __init__(self, master: Master, listener: Listener) -> None:
        super().__init__(master)
        self._listener = listener
        # Gunicorn removes a socket by its name, whoever's it is by then; one of systemd's it leaves alone.
        self.systemd = True

    def stop(self, graceful: bool = True) -> None:
        """The file goes first: dockerd waits for a missing socket, but a connection nobody accepts any more is lost."""
        self._listener.remove()
        super().stop(graceful)

    def handle_usr2(self) -> None:
        """Gunicorn would start a second master over the same socket; a new portero is started by its service."""
        self.log.warning("SIGUSR2 is ignored: restart portero instead")
