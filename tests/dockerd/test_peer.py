"""The process at the other end of a connection."""

import os
import socket
from pathlib import Path

from portero.dockerd.peer import Peer, read_peer, refuses_connections


def test_the_peer_is_the_process_that_connected() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert read_peer(ours) == Peer(os.getpid(), os.geteuid())


def test_only_a_refused_connection_proves_that_no_process_listens(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert refuses_connections(path)
        listener.listen(0)
        assert not refuses_connections(path)
        # The first one is not accepted: the queue is full.
        assert not refuses_connections(path)
    assert refuses_connections(path)
    assert not refuses_connections(tmp_path / "missing")
