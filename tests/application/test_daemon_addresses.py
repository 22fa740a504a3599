"""The sockets of one daemon are those that it has open, whatever other processes have them open too."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from portero.application.daemon_addresses import DaemonSockets
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
