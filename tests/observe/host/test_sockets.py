"""Which listening sockets lead to root, and which only to another user."""

import errno
import os
import re
from pathlib import Path
from typing import Any

import pytest

from portero.observe.host.sockets import DEFAULT_SOCKETS, WELL_KNOWN, ListeningSocket, ListeningSockets, read_sockets
from tests.observe.host.proc_tree import fail_at, line, process

SOCKETS = ListeningSockets(
    (
        ListeningSocket("/var/tmp/tmux", "/var/tmp/tmux", 7, 0),
        ListeningSocket("/home/u/agent", "/home/u/agent", 8, 1000),
        ListeningSocket("/home/u/run/docker.sock", "/srv/u/docker.sock", 9, 1000),
    ),
    unattributed=("/srv/podman.sock",),
)
ID = "0123456789abcdef" * 4


def test_sockets_of_root_and_of_daemons_are_held_and_those_of_other_users_are_apart() -> None:
    assert SOCKETS.of_root.list_held("/") == {"/var/tmp/tmux", "/srv/u/docker.sock", "/srv/podman.sock"}
    assert SOCKETS.of_root.list_held("/home/u/run") == {"/srv/u/docker.sock"}
    assert SOCKETS.of_users.list_held("/home") == {"/home/u/agent"}
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


SHARED = line(11, "/tmp/x/any name.sock") + line(12, "/var/tmp/tmux") + line(13, "/run/closed")
NO_PATHS = line(12, "@abstract") + line(13, "/run/connected", flags="00000000") + line(14, "").rstrip() + "\n"
LINE_FEED = line(12, "/tmp/a\nb c d e f g h i") + line(11, "/run/d.sock")


@pytest.mark.parametrize(
    ("processes", "paths"),
    [
        pytest.param(
            [(SHARED, {"inodes": (11,)}), (SHARED, {"inodes": (12,)})],
            ["/tmp/x/any name.sock", "/var/tmp/tmux"],
            id="of every process that listens",
        ),
        pytest.param(
            [(line(11, "/run/a"), {"inodes": (11,)}), (line(12, "/run/b"), {"inodes": (12,), "net": "2"})],
            ["/run/a", "/run/b"],
            id="of each network namespace",
        ),
        pytest.param([(NO_PATHS, {"inodes": (12, 13, 14)})], [], id="none that are abstract or connected"),
        *(
            pytest.param(
                [(line(11, "/media/docker.sock"), {}), (line(11, "/media/docker.sock"), {"inodes": (11,), **inside})],
                [],
                id=f"none of a process in a container: {inside}",
            )
            for inside in (
                *({"pid": "2"}, {"cgroup": f"/docker/{ID}"}, {"net": "2", "pid": "2"}, {"pid": "2", "root": "/usr"}),
                {"pid": "2", "root": "/", "cgroup": f"/docker/{ID}"},
            )
        ),
        *(
            pytest.param(
                [(line(11, "/media/docker.sock"), {"inodes": (11,), "root": "/", "pid": "2", "net": net})],
                ["/media/docker.sock"],
                id=f"of a service with PIDs of its own: {net}",
            )
            for net in ("1", "2")
        ),
        pytest.param(
            [(line(11, "x/../d.sock"), {"inodes": (11,), "cwd": "/srv"})],
            ["/srv/d.sock"],
            id="from the folder of the process",
        ),
        pytest.param([(LINE_FEED, {"inodes": (11,)})], ["/run/d.sock"], id="after a path with a line feed"),
    ],
)
def test_sockets_are_found(tmp_path: Path, processes: list[tuple[str, Any]], paths: list[str]) -> None:
    for number, (lines, more) in enumerate(processes, 7):
        process(tmp_path, number, "dockerd", lines, **more)

    found = read_sockets(tmp_path)
    assert (list_paths(found), found.unattributed) == (paths, ())


def test_a_socket_comes_with_its_process_its_user_and_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    process(tmp_path, 7, "agent", line(11, f"{tmp_path}/link/s"), inodes=(11,), uid=1000)

    assert read_sockets(tmp_path).sockets == (ListeningSocket(f"{tmp_path}/link/s", f"{tmp_path}/real/s", 7, 1000),)


@pytest.mark.parametrize(("uid", "effective", "rights"), [(1000, 0, 0), (0, 1000, 0), (1000, 1001, 1001)])
def test_a_socket_has_the_rights_of_a_set_uid_program(tmp_path: Path, uid: int, effective: int, rights: int) -> None:
    process(tmp_path, 7, "agent", line(11, "/srv/s"), inodes=(11,), uid=uid, effective=effective)

    assert [one.uid for one in read_sockets(tmp_path).sockets] == [rights]


@pytest.mark.parametrize("path", ["/at-the-root.sock", "/srv/other/a.sock", "/srv/tree/a.sock"])
def test_a_path_without_links_is_its_real_path(tmp_path: Path, path: str) -> None:
    process(tmp_path, 7, "agent", line(11, path), inodes=(11,))

    assert [socket.real for socket in read_sockets(tmp_path).sockets] == [path]


def test_where_this_process_is_in_a_container_its_neighbours_are_not_left_out(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(11, "/run/d"), inodes=(11,), cgroup=f"/docker/{ID}/x")
    (tmp_path / "self" / "cgroup").write_text(f"0::/docker/{ID}\n")

    assert list_paths(read_sockets(tmp_path)) == ["/run/d"]


@pytest.mark.parametrize(
    ("processes", "counts"),
    [
        pytest.param([(7, 0, "1"), (8, 33, "1"), (9, 0, "2")], (7, 0), id="that of root"),
        pytest.param([(7, 0, "2"), (8, 33, "1")], (8, 33), id="one outside of containers before one inside"),
        pytest.param([(7, 33, "1"), (8, 0, "2")], (7, 33), id="in any order"),
        pytest.param([(1, 0, "1"), (700, 0, "1")], (700, 0), id="of those of root the newest"),
        pytest.param([(7, 1000, "1"), (3, 0, "1")], (3, 0), id="root that it was handed on to"),
    ],
)
def test_of_several_processes_counts(
    tmp_path: Path, processes: list[tuple[int, int, str]], counts: tuple[int, int]
) -> None:
    for number, uid, namespace in processes:
        process(tmp_path, number, "dockerd", line(11, "/run/php.sock"), inodes=(11,), uid=uid, pid=namespace)
    found = read_sockets(tmp_path)

    assert [(socket.pid, socket.uid) for socket in found.sockets] == [counts]
    pid, uid = counts
    assert found.dockerds == ((pid,) if uid == 0 else ())


def test_processes_count_as_they_are_now(tmp_path: Path) -> None:
    root = process(tmp_path, 7, "a", line(11, "/run/a"), inodes=(11,))
    process(tmp_path, 8, "b", line(11, "/run/a"), inodes=(11,), uid=5)
    before = read_sockets(tmp_path)
    (root / "status").write_text("Uid:\t6\t6\t6\t6\n")
    given_up = read_sockets(tmp_path)
    (root / "fd" / "0").unlink()
    left = read_sockets(tmp_path)

    assert [[socket.uid for socket in found.sockets] for found in (before, given_up, left)] == [[0], [5], [5]]


def test_a_default_name_of_a_daemon_is_kept_when_the_open_files_are_hidden(tmp_path: Path) -> None:
    folder = process(tmp_path, 7, "dockerd", line(11, "/srv/docker.sock") + line(12, "/run/nginx.sock"))
    (folder / "fd").rmdir()

    assert read_sockets(tmp_path).unattributed == ("/srv/docker.sock",)


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
