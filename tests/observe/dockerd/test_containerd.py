"""Where containerd has its things, by its command line and configuration."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero.decide.interfaces.daemon import Peer
from portero.observe.dockerd import containerd
from portero.observe.dockerd.containerd import ContainerdPaths, find_arguments, find_process, locate_containerd
from portero.observe.dockerd.unix_http import UnixConnection
from tests.failing import fail_with

MAIN = """
version = 2
root = "/srv/c"
state = "/srv/state"
imports = ["conf.d/*.toml", "/etc/more.toml", "/etc/*/x.toml"]
[grpc]
address = "/srv/grpc.sock"
[plugins."io.containerd.snapshotter.v1.overlayfs"]
root_path = "/srv/snapshots"
[plugins."io.containerd.grpc.v1.cri"]
root_path = 7
"""
FILES = {
    "/etc/containerd/config.toml": MAIN.encode(),
    "/etc/containerd/conf.d/a.toml": b'root = "/srv/a"\nimports = ["../config.toml"]',
    "/etc/containerd/conf.d/b.txt": b'root = "/srv/b"',
    "/etc/more.toml": b"[debug]\naddress = '/srv/debug.sock'\n",
    "/etc/bad.toml": b"root = ",
    "/etc/odd.toml": b"root = ''\nstate = []\nplugins = 1\nimports = 'x'\ngrpc = 1\n",
}


def read(path: str) -> bytes | None:
    if path == "/etc/closed.toml":
        raise PermissionError(errno.EACCES, "Permission denied", path)
    return FILES.get(path)


def list_names(folder: str) -> list[str]:
    if folder == "/etc/closed":
        raise PermissionError(errno.EACCES, "Permission denied", folder)
    return [os.path.basename(path) for path in FILES if os.path.dirname(path) == folder]


def locate(*arguments: str) -> ContainerdPaths:
    return locate_containerd(arguments, "/etc/containerd/config.toml", read, list_names)


def test_the_configuration_and_its_imports_say_where_things_are() -> None:
    places = locate()

    assert places.data == ("/var/lib/containerd", "/srv/c", "/srv/snapshots", "/srv/a")
    assert {"/run/containerd", "/srv/state", "/srv/grpc.sock", "/srv/debug.sock"} <= {*places.files}
    assert {"/etc/containerd/config.toml", "/etc/containerd/conf.d/a.toml", "/etc/more.toml"} <= {*places.files}
    # A pattern in the folder is not followed.
    assert places.unseen == ("/etc/*/x.toml",)


@pytest.mark.parametrize("flag", ["--config", "-c"])
def test_flags_count_beside_it(flag: str) -> None:
    places = locate(flag, "/etc/none.toml", "--root=/srv/r", "--state", "/srv/s", "-a", "/srv/x.sock")

    assert places.data == ("/var/lib/containerd", "/srv/r")
    assert places.files == ("/run/containerd", "/srv/s", "/srv/x.sock", "/etc/none.toml")
    assert places.unseen == ()


@pytest.mark.parametrize("name", ["closed", "bad"])
def test_what_cannot_be_read_is_unseen_and_the_usual_paths_count(name: str) -> None:
    places = locate("--config", f"/etc/{name}.toml")

    assert (places.data, places.unseen) == (("/var/lib/containerd",), (f"/etc/{name}.toml",))
    assert "/run/containerd" in places.files


def test_a_folder_of_imports_that_cannot_be_read_is_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, "/etc/containerd/config.toml", b'imports = ["/etc/closed/*.toml"]')

    assert locate().unseen == ("/etc/closed/*.toml",)


def test_more_files_than_any_host_has_are_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    many = b"imports = [" + b",".join(b"'/m/%d'" % number for number in range(40)) + b"]"
    monkeypatch.setitem(FILES, "/etc/containerd/config.toml", many)

    assert locate().unseen == tuple(f"/m/{number}" for number in range(31, 40))


def test_values_of_a_wrong_type_set_nothing() -> None:
    assert locate("--config=/etc/odd.toml").data == ("/var/lib/containerd",)


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A socket at which a process 7 listens."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(containerd, "read_peer", lambda connection: Peer(7, 0))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("c.sock")
        server.listen()
        yield "c.sock"


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("/usr/bin/containerd", ("--config", "/x")),
        ("/usr/bin/containerd (deleted)", ("--config", "/x")),
        ("/usr/bin/python3", ()),
    ],
)
def test_the_command_line_is_that_of_the_containerd_at_the_other_end(
    tmp_path: Path, address: str, program: str, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "exe").symlink_to(program)
    (tmp_path / "7" / "cmdline").write_text("containerd\0--config\0/x\0")

    assert find_arguments(address, tmp_path) == arguments


def test_the_process_that_listens_is_found(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (find_process(address), find_process("none.sock")) == (7, None)

    monkeypatch.setattr(UnixConnection, "connect", fail_with(errno.EMFILE))
    with pytest.raises(OSError, match="files"):
        find_process(address)


def test_where_none_listens_there_is_no_command_line(tmp_path: Path, address: str) -> None:
    assert find_arguments("none.sock", tmp_path) == ()
    # It has ended since.
    assert find_arguments(address, tmp_path) == ()


def test_a_socket_that_cannot_be_asked_is_not_taken_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_arguments("/" + "x" * 200, tmp_path) is None

    (tmp_path / "c.sock").touch()
    monkeypatch.setattr(UnixConnection, "connect", fail_with(errno.EMFILE))
    with pytest.raises(OSError, match="Too many"):
        find_arguments("c.sock", tmp_path)
