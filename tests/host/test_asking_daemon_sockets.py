"""The sockets of one daemon are those that it has open, whatever other processes have them open too."""

from dataclasses import replace
from pathlib import Path

from portero.host.asking_daemon_sockets import list_daemon_sockets
from tests.host.proc_tree import line, process
from tests.host.test_asking_daemon import ROOTS, locate

DAEMON = replace(locate(ROOTS), pid=7, hosts=("/run/docker.sock", "/srv/activated"))


def test_they_are_found_beside_a_program_named_podman_and_a_containerd_that_is_younger(tmp_path: Path) -> None:
    lines = line(11, "/run/docker.sock") + line(12, "/srv/second") + line(13, "/run/containerd.sock")
    process(tmp_path, 7, "dockerd", lines, inodes=(11, 12))
    process(tmp_path, 8, "podman", lines, inodes=(11,), uid=65534)
    process(tmp_path, 9, "containerd", lines, inodes=(13,))

    assert list_daemon_sockets(DAEMON, tmp_path) == ("/run/docker.sock", "/srv/activated", "/srv/second")
