"""A /proc made of files stands for the running processes."""

import os
from pathlib import Path

from portero.host.sockets import DaemonSockets

_HEADER = "Num       RefCount Protocol Flags    Type St Inode Path\n"


def process(proc: Path, number: int, name: str, sockets: str, *, inodes: tuple[int, ...] = (), cwd: str = "/") -> Path:
    folder = proc / str(number)
    (folder / "net").mkdir(parents=True)
    (folder / "fd").mkdir()
    (folder / "comm").write_text(name + "\n")
    (folder / "net" / "unix").write_text(_HEADER + sockets)
    (folder / "cwd").symlink_to(cwd)
    for descriptor, inode in enumerate(inodes):
        (folder / "fd" / str(descriptor)).symlink_to(f"socket:[{inode}]")
    return folder


def line(inode: int, path: str, flags: str = "00010000") -> str:
    return f"0000000000000000: 00000002 00000000 {flags} 0001 01 {inode} {path}\n"


def test_a_daemon_is_found_wherever_it_listens(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(11, "/tmp/x/any name.sock") + line(12, "/run/other.sock"), inodes=(11,))

    assert DaemonSockets(tmp_path).found() == {"/tmp/x/any name.sock": "dockerd"}


def test_the_sockets_of_one_daemon_are_told_apart(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(11, "/run/b.sock") + line(12, "/run/a.sock"), inodes=(11, 12))
    process(tmp_path, 8, "containerd", line(13, "/run/c.sock"), inodes=(13,))
    sockets = DaemonSockets(tmp_path)

    assert sockets.of("dockerd") == ("/run/a.sock", "/run/b.sock")
    assert sockets.of("containerd") == ("/run/c.sock",)


def test_other_processes_abstract_and_connected_sockets_are_left_out(tmp_path: Path) -> None:
    process(tmp_path, 7, "nginx", line(11, "/run/nginx.sock"), inodes=(11,))
    process(
        tmp_path,
        8,
        "dockerd",
        line(12, "@abstract") + line(13, "/run/connected.sock", flags="00000000") + line(14, "").rstrip() + "\n",
        inodes=(12, 13, 14),
    )
    (tmp_path / "self").mkdir()

    assert DaemonSockets(tmp_path).found() == {}


def test_a_well_known_name_is_found_when_the_open_files_are_hidden(tmp_path: Path) -> None:
    folder = process(tmp_path, 7, "dockerd", line(11, "/srv/docker.sock") + line(12, "/run/nginx.sock"))
    (folder / "fd").rmdir()

    assert DaemonSockets(tmp_path).found() == {"/srv/docker.sock": "dockerd"}


def test_a_relative_path_counts_from_the_daemons_folder(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(11, "x/../d.sock"), inodes=(11,), cwd="/srv")

    assert DaemonSockets(tmp_path).found() == {"/srv/d.sock": "dockerd"}


def test_a_line_feed_in_somebodys_path_hides_nothing(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(12, "/tmp/a\nb c d e f g h i") + line(11, "/run/d.sock"), inodes=(11,))

    assert DaemonSockets(tmp_path).found() == {"/run/d.sock": "dockerd"}


def test_a_process_that_has_gone_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "9").mkdir()
    folder = process(tmp_path, 7, "dockerd", line(11, "/run/d.sock"), inodes=(11,))
    (folder / "cwd").unlink()
    (folder / "fd" / "5").write_text("closed between listing and reading")

    assert DaemonSockets(tmp_path).found() == {"/run/d.sock": "dockerd"}


def test_without_proc_nothing_is_found(tmp_path: Path) -> None:
    assert DaemonSockets(tmp_path / "missing").found() == {}


def test_an_answer_is_kept_for_five_seconds(tmp_path: Path) -> None:
    now = [100.0]
    sockets = DaemonSockets(tmp_path, lambda: now[0])
    assert sockets.found() == {}
    process(tmp_path, 7, "dockerd", line(11, "/run/d.sock"), inodes=(11,))

    now[0] = 104.9
    assert sockets.found() == {}
    now[0] = 105.0
    assert sockets.found() == {"/run/d.sock": "dockerd"}


def test_the_running_system_can_be_read() -> None:
    assert all(os.path.isabs(path) for path in DaemonSockets().found())
