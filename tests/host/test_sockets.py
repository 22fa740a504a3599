"""Which listening sockets lead to root, and which only to another user."""

import errno
import os
import re
from pathlib import Path

import pytest

from portero.host.sockets import DEFAULT_SOCKETS, WELL_KNOWN, ListeningSocket, ListeningSockets, read_sockets
from tests.host.proc_tree import fail_at, line, process

SOCKETS = ListeningSockets(
    (
        ListeningSocket("/var/tmp/tmux", "/var/tmp/tmux", 7, 0),
        ListeningSocket("/home/u/agent", "/home/u/agent", 8, 1000),
        ListeningSocket("/home/u/run/docker.sock", "/srv/u/docker.sock", 9, 1000),
    ),
    unattributed=("/srv/podman.sock",),
)
ID = "0123456789abcdef" * 4


def test_what_root_or_a_daemon_listens_on_is_held() -> None:
    assert SOCKETS.of_root.list_held("/") == {"/var/tmp/tmux", "/srv/u/docker.sock", "/srv/podman.sock"}
    assert SOCKETS.of_root.list_held("/home/u/run") == {"/srv/u/docker.sock"}


def test_the_sockets_of_other_users_are_apart() -> None:
    assert SOCKETS.of_users.list_held("/home") == {"/home/u/agent"}


def test_the_sockets_of_one_process_are_listed() -> None:
    assert SOCKETS.list_paths(9) == ("/home/u/run/docker.sock",)


def test_the_default_sockets_of_the_daemons_are_known() -> None:
    assert set(DEFAULT_SOCKETS) == {
        *(f"{run}/docker.sock" for run in ("/run", "/var/run")),
        *(f"{run}/containerd/containerd.sock" for run in ("/run", "/var/run", "/run/docker", "/var/run/docker")),
        "/run/buildkit/buildkitd.sock",
        "/run/podman/podman.sock",
        "/run/crio/crio.sock",
    }
    assert {
        *("docker.sock", "containerd.sock", "containerd-debug.sock", "buildkitd.sock", "podman.sock", "crio.sock")
    } == WELL_KNOWN


def list_paths(sockets: ListeningSockets) -> list[str]:
    return sorted(socket.path for socket in sockets.sockets)


def test_every_process_that_listens_is_found(tmp_path: Path) -> None:
    lines = line(11, "/tmp/x/any name.sock") + line(12, "/var/tmp/tmux") + line(13, "/run/closed")
    process(tmp_path, 7, "dockerd", lines, inodes=(11,))
    process(tmp_path, 8, "tmux", lines, inodes=(12,))

    assert list_paths(read_sockets(tmp_path)) == ["/tmp/x/any name.sock", "/var/tmp/tmux"]


def test_each_network_namespace_is_read(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(11, "/run/a"), inodes=(11,))
    process(tmp_path, 8, "vpn", line(12, "/run/b"), inodes=(12,), net="2")

    assert list_paths(read_sockets(tmp_path)) == ["/run/a", "/run/b"]


def test_a_socket_comes_with_its_process_its_user_and_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    process(tmp_path, 7, "agent", line(11, f"{tmp_path}/link/s"), inodes=(11,), uid=1000)

    assert read_sockets(tmp_path).sockets == (ListeningSocket(f"{tmp_path}/link/s", f"{tmp_path}/real/s", 7, 1000),)


@pytest.mark.parametrize("path", ["/at-the-root.sock", "/srv/other/a.sock", "/srv/tree/a.sock"])
def test_a_path_without_links_is_its_real_path(tmp_path: Path, path: str) -> None:
    process(tmp_path, 7, "agent", line(11, path), inodes=(11,))

    assert [socket.real for socket in read_sockets(tmp_path).sockets] == [path]


def test_abstract_and_connected_sockets_are_left_out(tmp_path: Path) -> None:
    lines = line(12, "@abstract") + line(13, "/run/connected", flags="00000000") + line(14, "").rstrip() + "\n"
    process(tmp_path, 8, "dockerd", lines, inodes=(12, 13, 14))

    assert read_sockets(tmp_path).sockets == ()


@pytest.mark.parametrize("where", [{"pid": "2"}, {"cgroup": f"/docker/{ID}"}, {"net": "2", "pid": "2"}])
def test_a_process_inside_a_container_takes_no_path_of_the_host(tmp_path: Path, where: dict[str, str]) -> None:
    process(tmp_path, 7, "systemd", line(11, "/media/docker.sock"))
    process(tmp_path, 8, "dockerd", line(11, "/media/docker.sock"), inodes=(11,), **where)
    sockets = read_sockets(tmp_path)

    assert (sockets.sockets, sockets.unattributed) == ((), ())


def test_where_this_process_is_in_a_container_its_neighbours_are_not_left_out(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(11, "/run/d"), inodes=(11,), cgroup=f"/docker/{ID}/x")
    (tmp_path / "self" / "cgroup").write_text(f"0::/docker/{ID}\n")

    assert list_paths(read_sockets(tmp_path)) == ["/run/d"]


def test_of_several_processes_that_of_root_counts(tmp_path: Path) -> None:
    lines = line(11, "/run/php.sock")
    process(tmp_path, 7, "php-fpm", lines, inodes=(11,), uid=0)
    process(tmp_path, 8, "php-fpm", lines, inodes=(11,), uid=33)
    process(tmp_path, 9, "php-fpm", lines, inodes=(11,), uid=0, pid="2")

    assert [(socket.pid, socket.uid) for socket in read_sockets(tmp_path).sockets] == [(7, 0)]


@pytest.mark.parametrize(("inside", "outside"), [(7, 8), (8, 7)])
def test_a_process_outside_containers_counts_before_one_inside(tmp_path: Path, inside: int, outside: int) -> None:
    lines = line(11, "/run/php.sock")
    process(tmp_path, inside, "php-fpm", lines, inodes=(11,), uid=0, pid="2")
    process(tmp_path, outside, "php-fpm", lines, inodes=(11,), uid=33)

    assert [(socket.pid, socket.uid) for socket in read_sockets(tmp_path).sockets] == [(outside, 33)]


def test_of_processes_of_root_the_newest_counts(tmp_path: Path) -> None:
    lines = line(11, "/run/docker.sock")
    process(tmp_path, 1, "systemd", lines, inodes=(11,))
    process(tmp_path, 700, "dockerd", lines, inodes=(11,))

    found = read_sockets(tmp_path)

    assert [socket.pid for socket in found.sockets] == [700]
    assert found.dockerds == (700,)


def test_a_process_that_has_left_is_replaced_by_another_that_has_the_socket(tmp_path: Path) -> None:
    folder = process(tmp_path, 7, "a", line(11, "/run/a"), inodes=(11,))
    process(tmp_path, 8, "b", line(11, "/run/a"), inodes=(11,), uid=5)
    first = read_sockets(tmp_path)
    (folder / "fd" / "0").unlink()

    assert [socket.uid for socket in first.sockets] == [0]
    assert [socket.uid for socket in read_sockets(tmp_path).sockets] == [5]


def test_a_process_that_has_given_up_root_counts_as_it_is_now(tmp_path: Path) -> None:
    folder = process(tmp_path, 7, "a", line(11, "/run/a"), inodes=(11,))
    before = read_sockets(tmp_path)
    (folder / "status").write_text("Uid:\t5\t5\t5\t5\n")

    assert [socket.uid for socket in before.sockets] == [0]
    assert [socket.uid for socket in read_sockets(tmp_path).sockets] == [5]


def test_a_default_name_of_a_daemon_is_kept_when_the_open_files_are_hidden(tmp_path: Path) -> None:
    folder = process(tmp_path, 7, "dockerd", line(11, "/srv/docker.sock") + line(12, "/run/nginx.sock"))
    (folder / "fd").rmdir()

    assert read_sockets(tmp_path).unattributed == ("/srv/docker.sock",)


def test_a_relative_path_counts_from_the_folder_of_the_process(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(11, "x/../d.sock"), inodes=(11,), cwd="/srv")

    assert list_paths(read_sockets(tmp_path)) == ["/srv/d.sock"]


def test_a_line_feed_in_a_path_hides_no_other_socket(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(12, "/tmp/a\nb c d e f g h i") + line(11, "/run/d.sock"), inodes=(11,))

    assert list_paths(read_sockets(tmp_path)) == ["/run/d.sock"]


def test_a_process_that_has_gone_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "9").mkdir()
    folder = process(tmp_path, 7, "dockerd", line(11, "/run/d.sock"), inodes=(11,))
    (folder / "fd" / "5").symlink_to("socket:[12]")
    fail_at(monkeypatch, folder / "fd" / "5", errno.ENOENT)
    assert list_paths(read_sockets(tmp_path)) == ["/run/d.sock"]

    (folder / "status").unlink()
    assert list_paths(read_sockets(tmp_path)) == []


def test_another_users_process_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process(tmp_path, 7, "dockerd", line(11, "/run/d.sock"), inodes=(11,))
    fail_at(monkeypatch, tmp_path / "7" / "fd", errno.EACCES)

    assert read_sockets(tmp_path).sockets == ()


@pytest.mark.parametrize("proc", ["missing", "empty"])
def test_without_processes_the_reading_fails(tmp_path: Path, proc: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(FileNotFoundError):
        read_sockets(tmp_path / proc)


FAILURES = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO]


@pytest.mark.parametrize("number", FAILURES, ids=errno.errorcode.get)
@pytest.mark.parametrize(
    "place", ["", "self/net/unix", "7/ns/net", "7/fd", "7/fd/0", "7/status", "7/net/unix", "7/cwd", "7/cgroup"]
)
def test_any_other_failure_makes_the_reading_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, number: int
) -> None:
    process(tmp_path, 7, "dockerd", line(11, "/run/d.sock"), inodes=(11,))
    fail_at(monkeypatch, tmp_path / place, number)

    with pytest.raises(OSError, match=re.escape(os.strerror(number))):
        read_sockets(tmp_path)


def test_the_running_system_can_be_read() -> None:
    assert all(os.path.isabs(path) for path in list_paths(read_sockets()))


def test_a_socket_that_was_handed_on_to_root_is_root_s_at_the_next_reading(tmp_path: Path) -> None:
    lines = line(1, "/srv/s.sock")
    process(tmp_path, 7, "helper", lines, inodes=(1,), uid=1000)
    process(tmp_path, 3, "master", lines, inodes=(1,))

    assert read_sockets(tmp_path).of_root.list_held("/srv") == {"/srv/s.sock"}
