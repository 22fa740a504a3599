"""The socket that dockerd connects to: made here or taken over from systemd, and removed only while it is ours.

A socket with a listener is never taken from it, and only sockets are removed. A dead socket file is replaced: it costs
dockerd 15 s at every volume (docker-facts 3.10).
"""

import logging
import os
import socket
import stat
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import Fault
from portero.decide.values.times import Retry
from portero.observe.dockerd.peer import refuses_connections
from portero.observe.files.locks import identify_file, lock_folder

_LOG = logging.getLogger(__name__)
# Only root, as which dockerd runs, may ask; what others ask would be answered from their own envelopes.
_GROUP_AND_OTHERS = 0o177
_FOLDER_MODE = 0o750
_BACKLOG = 1024
_LOCK_TIMEOUT = 5.0
_SYSTEMD_FIRST_DESCRIPTOR = 3
_UNKNOWN = (0, 0)


class SocketTaken(Fault):
    """The socket cannot be used; the text names it and the cure."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket. `path`: its file; None when systemd made it.

    `identity`: of the file when it was made or taken over, _UNKNOWN when it could not be read.
    """

    descriptor: int
    name: str
    path: Path | None
    identity: tuple[int, int]
    owner: int

    def remove(self) -> None:
        """Remove the socket file if this process made it; a second call does nothing."""
        # The deciding process is a fork that returns through the same frames as its arbiter.
        if self.path is None or os.getpid() != self.owner:
            return
        # A file that cannot be removed is replaced at the next start.
        with suppress(OSError), lock_folder(self.path.parent, _LOCK_TIMEOUT):
            if _identify(self.path) == self.identity:
                self.path.unlink()

    def is_lost(self) -> bool:
        """Whether its file is removed or replaced. Raises OSError when that cannot be read."""
        try:
            return self.identity != _UNKNOWN and _identify(Path(self.name)) != self.identity
        except (FileNotFoundError, NotADirectoryError):
            return True


def listen(path: Path) -> Listener:
    """A listening socket at this path, open to its owner only. Raises SocketTaken or OSError."""
    path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    # Only one starting portero at a time checks and binds, so that two cannot take it from each other.
    try:
        with lock_folder(path.parent, _LOCK_TIMEOUT):
            _remove_dead(path)
            return Listener(_bind(path), str(path), path, _identify(path), os.getpid())
    except TimeoutError:
        raise SocketTaken(f"{path.parent}: another process has locked this folder; end it") from None


def take_over_socket(environ: MutableMapping[str, str]) -> Listener | None:
    """The socket that systemd holds for us (sd_listen_fds(3)), None when there is none. Raises SocketTaken.

    The variables are taken out of `environ`, so that the socket is not taken twice.
    """
    count, process = environ.pop("LISTEN_FDS", "0"), environ.pop("LISTEN_PID", "")
    if process != str(os.getpid()) or count == "0":
        return None
    if count != "1":
        raise SocketTaken(f"systemd hands over {count} sockets; name one ListenStream= in portero.socket")
    with socket.socket(fileno=os.dup(_SYSTEMD_FIRST_DESCRIPTOR)) as inherited:
        if inherited.family != socket.AF_UNIX or inherited.type != socket.SOCK_STREAM:
            raise SocketTaken("systemd hands over a socket of another kind; write ListenStream=/path in portero.socket")
        name = str(inherited.getsockname())
        try:
            identity = _identify(Path(name))
        except OSError:
            identity = _UNKNOWN
        return Listener(inherited.detach(), name, None, identity, os.getpid())


def _remove_dead(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise SocketTaken(f"{path}: exists and is not a socket; move it away, or choose another PORTERO_SOCKET")
    if not refuses_connections(path):
        raise SocketTaken(f"{path}: another process listens there; stop it, or choose another PORTERO_SOCKET")
    path.unlink()


def _bind(path: Path) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        # A chmod after bind() would come too late.
        before = os.umask(_GROUP_AND_OTHERS)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(_BACKLOG)
        return listener.detach()


def _identify(path: Path) -> tuple[int, int]:
    return identify_file(path.lstat())


class LostSocket:
    """Replaces `listener` when its file was lost."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self._retry = Retry()

    def replace_if_lost(self, now: float) -> bool:
        """Whether `listener` was replaced now; `now` is time.monotonic()."""
        try:
            is_lost = self.listener.is_lost()
        except OSError:  # unknown now, and checked again
            return False
        if not is_lost:
            self._retry.succeed()
            return False
        if self._retry.is_waiting(now):
            return False
        name, path = self.listener.name, self.listener.path
        try:
            if path is None:
                cure = "systemctl restart portero.socket portero.service"
                raise SocketTaken(f"{name}: was removed, and dockerd cannot connect: {cure}")
            self.listener = listen(path)
        except (SocketTaken, OSError) as error:
            _LOG.error("%s", error)
            self._retry.fail(now)
            return False
        _LOG.warning("%s: was removed, and is made anew", name)
        self._retry.succeed()
        return True
