"""Which sockets the daemons listen on, and that an unreadable /proc is an error, never an empty list."""

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portero.host.sockets import ListeningSocket, ListeningSockets, read_sockets
from tests.host.proc_tree import line, process


def test_a_daemon_is_found_wherever_it_listens(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(11, "/tmp/x/any name.sock") + line(12, "/run/other.sock"), inodes=(11,))

    assert read_sockets(tmp_path).paths() == ("/tmp/x/any name.sock",)


def test_the_sockets_of_one_daemon_are_told_apart(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(11, "/run/b.sock") + line(12, "/run/a.sock"), inodes=(11, 12))
    process(tmp_path, 8, "containerd", line(13, "/run/c.sock"), inodes=(13,))
    sockets = read_sockets(tmp_path)

    assert sockets.paths_of("dockerd") == ("/run/a.sock", "/run/b.sock")
    assert sockets.paths_of("containerd") == ("/run/c.sock",)


def test_a_socket_comes_with_its_process_and_user(tmp_path: Path) -> None:
    process(tmp_path, 7, "podman", line(11, "/run/p.sock"), inodes=(11,), uid=1000)

    assert read_sockets(tmp_path) == ListeningSockets((ListeningSocket("/run/p.sock", "podman", 7, 1000),))


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

    assert read_sockets(tmp_path).paths() == ()


def test_a_well_known_name_is_found_when_the_open_files_are_hidden(tmp_path: Path) -> None:
    folder = process(tmp_path, 7, "dockerd", line(11, "/srv/docker.sock") + line(12, "/run/nginx.sock"))
    (folder / "fd").rmdir()

    assert read_sockets(tmp_path).paths() == ("/srv/docker.sock",)


def test_a_relative_path_counts_from_the_daemons_folder(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(11, "x/../d.sock"), inodes=(11,), cwd="/srv")

    assert read_sockets(tmp_path).paths() == ("/srv/d.sock",)


def test_a_line_feed_in_somebodys_path_hides_nothing(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(12, "/tmp/a\nb c d e f g h i") + line(11, "/run/d.sock"), inodes=(11,))

    assert read_sockets(tmp_path).paths() == ("/run/d.sock",)


def test_a_process_that_has_gone_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "9").mkdir()
    folder = process(tmp_path, 7, "dockerd", line(11, "/run/d.sock"), inodes=(11,))
    (folder / "cwd").unlink()
    (folder / "status").unlink()
    (folder / "fd" / "5").symlink_to("socket:[12]")
    fail_at(monkeypatch, folder / "fd" / "5", errno.ENOENT)

    assert read_sockets(tmp_path).paths() == ("/run/d.sock",)


def test_another_users_process_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process(tmp_path, 7, "dockerd", line(11, "/run/d.sock"), inodes=(11,))
    fail_at(monkeypatch, tmp_path / "7" / "fd", errno.EACCES)

    assert read_sockets(tmp_path) == ListeningSockets(())


@pytest.mark.parametrize("proc", ["missing", "empty"])
def test_without_processes_the_reading_fails(tmp_path: Path, proc: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(FileNotFoundError):
        read_sockets(tmp_path / proc)


FAILURES = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO]


@pytest.mark.parametrize("number", FAILURES, ids=errno.errorcode.get)
@pytest.mark.parametrize("place", ["", "7/comm", "7/fd", "7/fd/0", "7/status", "7/net/unix", "7/cwd"])
def test_any_other_failure_makes_the_reading_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, number: int
) -> None:
    process(tmp_path, 7, "dockerd", line(11, "/run/d.sock"), inodes=(11,))
    fail_at(monkeypatch, tmp_path / place, number)

    with pytest.raises(OSError, match=re.escape(os.strerror(number))):
        read_sockets(tmp_path)


def test_the_running_system_can_be_read() -> None:
    assert all(os.path.isabs(path) for path in read_sockets().paths())


def fail_at(monkeypatch: pytest.MonkeyPatch, place: Path, number: int) -> None:
    """Let every way to read this one place fail."""
    for owner, name in ((os, "listdir"), (os, "readlink"), (Path, "read_text")):
        monkeypatch.setattr(owner, name, failing(getattr(owner, name), place, number))


def failing(function: Callable[..., Any], place: Path, number: int) -> Callable[..., Any]:
    def read(path: Any, *rest: Any, **options: Any) -> Any:
        if Path(path) == place:
            raise OSError(number, os.strerror(number), str(path))
        return function(path, *rest, **options)

    return read
