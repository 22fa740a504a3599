"""The process at the other end of a connection."""

import os
import socket
from pathlib import Path

import pytest

from portero.decide.interfaces.daemon import DockerdIdentity, Peer
from portero.observe.dockerd import peer
from portero.observe.dockerd.peer import identify_peer, read_peer, refuses_connections


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


def test_a_peer_that_is_a_dockerd_has_its_identity_and_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [None, DockerdIdentity(7, 22), DockerdIdentity(7, 99)]
    monkeypatch.setattr(peer, "identify_dockerd", lambda pid: found.pop(0))
    other = identify_peer(Peer(7, 0))
    dockerd = identify_peer(other)

    assert (other.identity, dockerd.identity) == (None, DockerdIdentity(7, 22))
    assert identify_peer(dockerd) is dockerd
    assert identify_peer(Peer(0, 0)) == Peer(0, 0)
