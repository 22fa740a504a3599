"""The sockets of daemons in a folder are found by their usual names."""

import errno
import os
import socket
from pathlib import Path

import pytest

from portero.files.symlinks import HostWalk
from portero.host.resolved_paths import list_daemon_sockets
from portero.host.sockets import WELL_KNOWN


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host with a folder /data."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").touch()
    return tmp_path


def find(root: Path, folder: str = "/data") -> set[str]:
    return list_daemon_sockets(HostWalk(str(root)), folder)


def bind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a socket; its path may be longer than an address of one."""
    monkeypatch.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


@pytest.mark.parametrize("name", sorted(WELL_KNOWN))
def test_a_socket_that_comes_is_seen_and_one_that_goes_is_gone(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    find(root)

    bind(root / "data" / name, monkeypatch)
    assert find(root) == {f"/data/{name}"}
    assert find(root) == {f"/data/{name}"}
    (root / "data" / name).unlink()
    assert find(root) == set()


def test_another_folder_in_its_place_is_looked_through(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "other").mkdir()
    bind(root / "other" / "docker.sock", monkeypatch)
    find(root)
    (root / "data").rename(root / "before")
    (root / "other").rename(root / "data")

    assert find(root) == {"/data/docker.sock"}


@pytest.mark.parametrize("target", ["../later.sock", "/srv/x/later.sock"])
def test_what_a_link_leads_to_may_become_a_socket(root: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    (root / "srv" / "x").mkdir(parents=True)
    (root / "data" / "docker.sock").symlink_to(target)
    assert find(root) == set()

    place = root / target.removeprefix("../").removeprefix("/")
    bind(place, monkeypatch)
    assert find(root) == {"/data/docker.sock"}


def test_a_name_that_could_not_be_read_is_not_taken_for_missing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bind(root / "data" / "docker.sock", monkeypatch)
    lstat = os.lstat

    def fail(path: str) -> os.stat_result:
        if path.endswith("docker.sock"):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return lstat(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", fail)
        with pytest.raises(OSError, match="Too many open files"):
            find(root)
    assert find(root) == {"/data/docker.sock"}


def test_the_top_can_be_looked_through(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bind(root / "containerd.sock", monkeypatch)

    assert find(root, "/") == {"/containerd.sock"}
