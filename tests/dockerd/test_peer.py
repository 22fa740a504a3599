"""The process at the other end of a connection."""

import os
import socket

from portero.dockerd.peer import Peer, read_peer


def test_the_peer_is_the_process_that_connected() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert read_peer(ours) == Peer(os.getpid(), os.geteuid())
