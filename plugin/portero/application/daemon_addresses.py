"""At which sockets dockerd is asked what exists: the one in the settings, or those that the asking daemon has open."""

import os
import stat
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from portero.dockerd.daemon import AskingDaemon
from portero.files.path import clean
from portero.host.sockets import DEFAULT_SOCKETS, list_listening, list_open_sockets
from portero.settings.settings import Settings


class DaemonSockets:
    """The paths at which this process finds the daemon's sockets, those of its configuration first.

    The others are looked for only when they are needed: a daemon answers at the first, and has a descriptor for each
    stream of its containers. A configured path stays in the list when it is not found: a socket that systemd opened is
    in its network namespace. Going through them raises OSError when they cannot be read.
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
        paths = {clean(path) for inode, path in list_listening(f"{folder}/net/unix") if inode in open_sockets}
        return sorted(path for path in paths.difference(self._daemon.hosts) if path.startswith("/"))


def list_daemon_addresses(settings: Settings, daemon: AskingDaemon | None) -> Iterable[str]:
    """The sockets at which the daemon that asks can be asked for the name of a network, the best first."""
    if settings.docker_host is not None:
        return [str(settings.docker_host)]
    if daemon is not None:
        return DaemonSockets(daemon)
    # Any program can listen under the name of dockerd; only root can make root's socket.
    return [address for address in DEFAULT_SOCKETS[:1] if _is_socket_of_root(address)]


def _is_socket_of_root(address: str) -> bool:
    """A managed plugin without its mount docker-socket has the device /dev/null there."""
    try:
        status = os.stat(address)
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and status.st_uid == 0
