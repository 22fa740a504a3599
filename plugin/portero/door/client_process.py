"""Whether the process that connected is in a container: a reason to refuse it at the users' door, never an identity.

A uid of a container is the same number as a uid of the host. The process is held by a descriptor (SO_PEERPIDFD, Linux
6.5; pidfd_open(2) before), so that what is read of its number is about this process.
"""

import errno
import os
import select
import socket

from portero.dockerd.peer import read_peer
from portero.dockerd.proc import parse_containers

_SO_PEERPIDFD = 77


class ClientProcesses:
    """Looks at the processes of clients. A door in a container has clients there: its own container is none."""

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._own = self._list_ids("self")

    def is_trusted(self, client: socket.socket) -> bool:
        """Whether the process still runs and is in no container; raises OSError when that cannot be read."""
        descriptor = _hold(client)
        if descriptor is None:
            return False
        try:
            pid = read_peer(client).pid
            # While the process that is held has not ended, the number is its own.
            return pid > 0 and self._list_ids(str(pid)) <= self._own and not _has_ended(descriptor)
        except (FileNotFoundError, ProcessLookupError):
            if not _has_ended(descriptor):
                raise
            return False
        finally:
            os.close(descriptor)

    def _list_ids(self, process: str) -> frozenset[str]:
        # Unbuffered, and without pathlib: half the time, for each connection.
        with open(f"{self._proc}/{process}/cgroup", "rb", buffering=0) as file:
            return parse_containers(file.readall().decode(errors="surrogateescape"))


def _hold(client: socket.socket) -> int | None:
    """A descriptor of the process; None when it has ended."""
    try:
        return client.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        if error.errno in (errno.ESRCH, errno.EINVAL):
            return None
        if error.errno != errno.ENOPROTOOPT:
            raise
    try:
        return os.pidfd_open(read_peer(client).pid)
    except ProcessLookupError:
        return None


def _has_ended(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
