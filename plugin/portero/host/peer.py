"""Who is at the other end of a connection: a Unix socket in, the process that connected out (SO_PEERCRED, unix(7))."""

import socket
import struct
from dataclasses import dataclass, field
from itertools import count

_CREDENTIALS = struct.Struct("iII")
_connections = count(1)


@dataclass(frozen=True, slots=True)
class Peer:
    """`pid`: 0 when the process is in a PID namespace that this process does not see. `uid`: its effective user.

    `connection`: a number that no other connection to this process has; 0: there is none.
    """

    pid: int
    uid: int
    connection: int = field(default=0, compare=False)


def read_peer(connection: socket.socket) -> Peer:
    """The process that connected, as it was then."""
    pid, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Peer(pid, uid, next(_connections))
