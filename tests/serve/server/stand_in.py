"""The real server with a stand-in for the judge: allows what says so, and dawdles on demand.

usage: python -m stand_in SOCKET [THREADS]
"""

import errno
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from portero.decide.interfaces.daemon import Peer
from portero.decide.reading.envelope import MAX_BYTES
from portero.decide.values.json_fields import JSON
from portero.serve.server.gunicorn_arbiter import Server
from portero.serve.server.listener import listen, take_over_socket
from portero.serve.settings.settings import Settings

# Files that are there while no thread or process can be made.
NO_THREADS, NO_PROCESSES = Path("no-threads"), Path("no-processes")
# One that says that a request began to wait.
UNDER_WAY = Path("under-way")
# A file that keeps deciders from beginning.
NO_FILES = Path("no-files")


class StandIn:
    def __init__(self) -> None:
        self._loads = 0
        self._began = ""

    def start(self, *, is_replacement: bool) -> None:
        if NO_FILES.exists():
            raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))
        self._began += "anew" if is_replacement else "first"

    def request_reload(self) -> None:
        self._loads += 1

    def note_result(self, data: bytes, peer: Peer, send: Callable[[], None] | None = None) -> None:
        if send:
            send()

    def answer(self, data: bytes, peer: Peer) -> dict[str, JSON]:
        if data == b"switch interval":
            return {"Allow": True, "Msg": str(sys.getswitchinterval())}
        if data.startswith(b"wait "):
            UNDER_WAY.touch()
            time.sleep(float(data.split()[1]))
        return {"Allow": 0 < len(data) <= MAX_BYTES, "Msg": str(len(data))}

    def failure(self) -> dict[str, JSON]:
        return {"Allow": False, "Msg": "internal-error"}

    def health(self) -> dict[str, JSON]:
        return {"loads": self._loads, "began": self._began}

    def policy(self) -> dict[str, JSON]:
        return {"settings": {}}

    def metrics_text(self) -> bytes:
        return b"loads 1\n"

    def status(self) -> dict[str, JSON]:
        return {"full": True}


def exhaust() -> None:
    """Let the making of threads and processes fail on demand, as it does when the system has no room."""
    start, fork = threading.Thread.start, os.fork

    def start_or_fail(thread: threading.Thread) -> None:
        if NO_THREADS.exists():
            raise RuntimeError("can't start new thread")
        start(thread)

    def fork_or_fail() -> int:
        if NO_PROCESSES.exists():
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return fork()

    threading.Thread.start, os.fork = start_or_fail, fork_or_fail  # type: ignore[method-assign]


def main() -> None:
    exhaust()
    settings = Settings.read({}, {"socket": sys.argv[1], "threads": sys.argv[2] if len(sys.argv) > 2 else "32"})
    if os.environ.get("SYSTEMD"):  # systemd knows our process ID before it starts us, the test does not
        os.environ["LISTEN_PID"] = str(os.getpid())
    listener = take_over_socket(os.environ) or listen(Path(settings.socket))
    try:
        served = StandIn()
        Server(served, served, listener, settings).run()
    finally:
        listener.remove()


if __name__ == "__main__":
    main()
