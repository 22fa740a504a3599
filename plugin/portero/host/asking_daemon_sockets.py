"""Where a dockerd listens itself: AskingDaemon in, paths out.

A socket is the daemon's own when the daemon has it open, whatever other processes are called that have it open too.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from portero.host.asking_daemon import AskingDaemon
from portero.host.listening_sockets import list_listening, list_open_sockets
from portero.host.path import clean


class DaemonSockets:
    """The paths at which this process finds the sockets, those of the daemon's configuration first.

    The others are looked for when someone gets to them: a daemon answers at the first, and has a descriptor for each
    stream of its containers. A configured path stays in the list when it is not found: a socket that systemd opened is
    in its network namespace. OSError, from going through them: they could not be read.
    """

    def __init__(self, daemon: AskingDaemon, proc: Path = Path("/proc")) -> None:
        self._daemon = daemon
        self._proc = proc

    def __bool__(self) -> bool:
        return any(True for _ in self)

    def __iter__(self) -> Iterator[str]:
        root = self._daemon.root.rstrip("/")
        yield from (f"{root}{path}" for path in dict.fromkeys(self._daemon.hosts))
        yield from (f"{root}{path}" for path in self._others)

    @cached_property
    def _others(self) -> list[str]:
        folder = f"{self._proc}/{self._daemon.pid}"
        open_sockets = {inode for inode, _ in list_open_sockets(f"{folder}/fd")}
        found = {clean(path) for inode, path in list_listening(f"{folder}/net/unix") if inode in open_sockets}
        return sorted(path for path in found.difference(self._daemon.hosts) if path.startswith("/"))
