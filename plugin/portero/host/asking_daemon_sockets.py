"""Where a dockerd listens itself: AskingDaemon in, paths out.

A socket is the daemon's own when the daemon has it open, whatever other processes are called that have it open too.
"""

from pathlib import Path

from portero.host.asking_daemon import AskingDaemon
from portero.host.listening_sockets import list_listening, list_open_sockets
from portero.host.path import clean


def list_daemon_sockets(daemon: AskingDaemon, proc: Path = Path("/proc")) -> tuple[str, ...]:
    """The paths, as the daemon names them, those of its configuration first. OSError: they could not be read.

    A configured path stays in the list when it is not found: a socket that systemd opened is in its network namespace.
    """
    open_sockets = {inode for inode, _ in list_open_sockets(f"{proc}/{daemon.pid}/fd")}
    listening = list_listening(f"{proc}/{daemon.pid}/net/unix")
    found = sorted(clean(path) for inode, path in listening if inode in open_sockets and path.startswith("/"))
    return tuple(dict.fromkeys((*daemon.hosts, *found)))
