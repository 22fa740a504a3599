"""Who is at the other end of a Unix socket: the process that connected (SO_PEERCRED, unix(7)), or none that listens."""

import socket
import struct
from dataclasses import dataclass
from pathlib import Path

_CREDENTIALS = struct.Struct("iII")


@dataclass(frozen=True, slots=True)
class Peer:
    """`pid`: 0 when the process is in a PID namespace that this process does not see. `uid`: its effective user."""

    pid: int
    uid: int


def read_peer(connection: socket.socket) -> Peer:
    pid, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Peer(pid, uid)


def refuses_connections(path: Path) -> bool:
    """Whether no process listens at a socket file. Only a refused connection proves it; a full queue does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except OSError as error:
            return isinstance(error, ConnectionRefusedError)
    return False
