"""At which sockets dockerd is asked: those of the settings, or those that the daemon has open itself."""

import errno
import os
import stat
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from portero.application.daemon_addresses import DaemonSockets, list_daemon_addresses
from portero.settings.settings import Settings
from tests.dockerd.test_daemon import ROOTS, locate
from tests.host.proc_tree import fail_at, line, process

DAEMON = replace(locate(ROOTS), pid=7, hosts=("/run/docker.sock", "/srv/activated"))


def test_they_are_found_beside_a_program_named_podman_and_a_containerd_that_is_younger(tmp_path: Path) -> None:
    lines = line(11, "/run/docker.sock") + line(12, "/srv/second") + line(13, "/run/containerd.sock")
    process(tmp_path, 7, "dockerd", lines, inodes=(11, 12))
    process(tmp_path, 8, "podman", lines, inodes=(11,), uid=65534)
    process(tmp_path, 9, "containerd", lines, inodes=(13,))

    assert [*DaemonSockets(DAEMON, tmp_path)] == ["/run/docker.sock", "/srv/activated", "/srv/second"]


def test_they_are_named_as_this_process_finds_them(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(12, "/srv/second"), inodes=(12,))

    sockets = DaemonSockets(replace(DAEMON, root="/proc/7/root"), tmp_path)

    assert [*sockets] == [f"/proc/7/root{path}" for path in ("/run/docker.sock", "/srv/activated", "/srv/second")]


def test_those_that_no_configuration_names_are_looked_for_when_they_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process(tmp_path, 7, "dockerd", line(12, "/srv/second"), inodes=(12,))
    fail_at(monkeypatch, tmp_path / "7" / "fd", errno.EMFILE)
    configured, other = DaemonSockets(DAEMON, tmp_path), DaemonSockets(replace(DAEMON, hosts=()), tmp_path)

    assert configured
    assert next(iter(configured)) == "/run/docker.sock"
    with pytest.raises(OSError, match="Too many open files"):
        list(configured)
    with pytest.raises(OSError, match="Too many open files"):
        bool(other)


def test_a_daemon_that_has_no_socket_has_none(tmp_path: Path) -> None:
    process(tmp_path, 7, "dockerd", line(12, "/srv/second"), inodes=())

    assert not DaemonSockets(replace(DAEMON, hosts=()), tmp_path)


def test_networks_are_asked_of_the_named_dockerd_alone() -> None:
    settings = Settings.read({}, {"docker_host": "unix:///srv/docker.sock"})

    assert list_daemon_addresses(settings, locate(ROOTS)) == ["/srv/docker.sock"]


def test_without_a_named_dockerd_the_one_that_asks_is_asked_where_it_sees_its_socket() -> None:
    daemon = replace(locate(ROOTS), pid=os.getpid(), root="/proc/7/root", hosts=("/srv/any",))

    assert next(iter(list_daemon_addresses(Settings.read({}, {}), daemon))) == "/proc/7/root/srv/any"


@pytest.mark.parametrize(
    ("uid", "kind", "addresses"),
    [
        (0, stat.S_IFSOCK, ["/run/docker.sock"]),
        (1000, stat.S_IFSOCK, []),
        (0, stat.S_IFCHR, []),  # /dev/null, where a managed plugin has no socket mounted
        (None, stat.S_IFSOCK, []),
    ],
)
def test_where_no_dockerd_asks_only_a_socket_of_root_is_believed(
    uid: int | None, kind: int, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(path: object, **_: object) -> object:
        if uid is None:
            raise FileNotFoundError
        return SimpleNamespace(st_uid=uid, st_mode=kind)

    with monkeypatch.context() as patched:
        settings = Settings.read({}, {})
        patched.setattr(os, "stat", look)
        assert list_daemon_addresses(settings, None) == addresses
