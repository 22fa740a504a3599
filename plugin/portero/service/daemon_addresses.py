"""At which sockets dockerd is asked what exists: the settings and the daemon that asks in, addresses out."""

import os
import stat
from collections.abc import Iterable

from portero.host.asking_daemon import AskingDaemon
from portero.host.asking_daemon_sockets import DaemonSockets
from portero.host.sockets import DEFAULT_SOCKETS
from portero.service.settings import Settings


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
        found = os.stat(address)
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == 0
