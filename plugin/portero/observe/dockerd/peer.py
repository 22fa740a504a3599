"""Who is at the other end of a Unix socket: the process that connected (SO_PEERCRED, unix(7)), or none that listens."""

import socket
import struct
from pathlib import Path

from portero.decide.interfaces.daemon import Peer
from portero.observe.dockerd.dockerd_process import identify_dockerd

_CREDENTIALS = struct.Struct("iII")


def read_peer(connection: socket.socket) -> Peer:
    pid, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Peer(pid, uid)


def identify_peer(peer: Peer) -> Peer:
    """The same peer, with its identity if it is a dockerd. OSError: it could not be read.

    Once for a connection is enough, and once for a request of what is no dockerd. dockerd closes its connections at its
    end, and no program that it starts inherits them: what comes later is of the same process, or dockerd has ended and
    executes nothing.
    """
    if peer.identity is not None or not peer.pid:
        return peer
    return Peer(peer.pid, peer.uid, identify_dockerd(peer.pid), is_identified=True)


def refuses_connections(path: Path) -> bool:
    """Whether no process listens at a socket file. Only a refused connection proves it; a full queue does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except OSError as error:
            return isinstance(error, ConnectionRefusedError)
    return False
