"""A folder without the sockets of daemons is looked through again only when it may have got one."""

import errno
import os
import socket
import time
from pathlib import Path

import pytest

from portero.host.socketless import SocketlessFolders
from portero.host.sockets import WELL_KNOWN
from portero.host.symlinks import HostWalk
from tests.host.looks import recorded_looks

NAMES = {f"/data/{name}" for name in WELL_KNOWN}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with a folder /data; all that was changed until now has settled, and what changes later has not."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").touch()
    settled = time.time_ns() + 5_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: settled)
    return tmp_path


def find(folders: SocketlessFolders, root: Path) -> set[str]:
    return folders.list_sockets(HostWalk(str(root)), "/data")


def bind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a socket; its path may be longer than an address of one."""
    monkeypatch.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


def test_a_settled_folder_is_looked_through_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = SocketlessFolders()
    with recorded_looks(root, monkeypatch) as first:
        assert find(folders, root) == set()
    with recorded_looks(root, monkeypatch) as again:
        assert find(folders, root) == set()

    assert set(first) == {"/data", *NAMES}
    assert again == ["/data"]


def test_a_folder_that_just_changed_is_looked_through_each_time(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = SocketlessFolders()
    now = (root / "data").stat().st_ctime_ns + 1_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: now)
    find(folders, root)

    with recorded_looks(root, monkeypatch) as again:
        find(folders, root)
    assert set(again) >= NAMES


@pytest.mark.parametrize("name", sorted(WELL_KNOWN))
def test_a_socket_that_comes_is_seen_and_one_that_goes_is_gone(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folders = SocketlessFolders()
    find(folders, root)

    bind(root / "data" / name, monkeypatch)
    assert find(folders, root) == {f"/data/{name}"}
    assert find(folders, root) == {f"/data/{name}"}
    (root / "data" / name).unlink()
    assert find(folders, root) == set()


def test_another_folder_in_its_place_is_looked_through(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = SocketlessFolders()
    (root / "other").mkdir()
    bind(root / "other" / "docker.sock", monkeypatch)
    find(folders, root)
    (root / "data").rename(root / "before")
    (root / "other").rename(root / "data")

    assert find(folders, root) == {"/data/docker.sock"}


@pytest.mark.parametrize("target", ["../later.sock", "/srv/x/later.sock"])
def test_what_a_link_leads_to_may_become_a_socket(root: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    folders = SocketlessFolders()
    (root / "srv" / "x").mkdir(parents=True)
    (root / "data" / "docker.sock").symlink_to(target)
    assert find(folders, root) == set()

    place = root / target.removeprefix("../").removeprefix("/")
    bind(place, monkeypatch)
    assert find(folders, root) == {"/data/docker.sock"}


def test_a_name_that_could_not_be_read_is_not_taken_for_missing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = SocketlessFolders()
    bind(root / "data" / "docker.sock", monkeypatch)
    lstat = os.lstat

    def fail(path: str) -> os.stat_result:
        if path.endswith("docker.sock"):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return lstat(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", fail)
        with pytest.raises(OSError, match="Too many open files"):
            find(folders, root)
    assert find(folders, root) == {"/data/docker.sock"}


def test_the_top_and_any_number_of_folders_can_be_looked_through(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = SocketlessFolders()
    for number in range(70):
        (root / f"{number}").mkdir()
    bind(root / "containerd.sock", monkeypatch)
    bind(root / "69" / "docker.sock", monkeypatch)

    walk = HostWalk(str(root))
    for _ in range(2):
        assert [folders.list_sockets(walk, f"/{number}") for number in range(69)] == [set()] * 69
        assert folders.list_sockets(walk, "/69") == {"/69/docker.sock"}
        assert folders.list_sockets(walk, "/") == {"/containerd.sock"}
