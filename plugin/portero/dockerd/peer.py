"""Who is at the other end of a connection: a Unix socket in, the process that connected out (SO_PEERCRED, unix(7))."""

import socket
import struct
from dataclasses import dataclass

_CREDENTIALS = struct.Struct("iII")


@dataclass(frozen=True, slots=True)
class Peer:
    """`pid`: 0 when the process is in a PID namespace that this process does not see. `uid`: its effective user."""

    pid: int
    uid: int


def read_peer(connection: socket.socket) -> Peer:
    pid, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Peer(pid, uid)
