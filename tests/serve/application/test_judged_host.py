"""The host that requests are judged by: where its files are, and what it must offer."""

import errno
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from portero.decide.values.errors import LoadError
from portero.observe.files import owners
from portero.serve.application.judged_host import DaemonSockets, list_daemon_addresses
from portero.serve.settings.settings import Settings
from tests.observe.dockerd.test_asking_daemon import ROOTS, locate
from tests.observe.host.proc_tree import fail_at, line, process
from tests.serve.application.test_application import built


def test_a_host_without_proc_is_refused_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "sees_all_users", lambda: (tmp_path / "uid_map").read_text() == "")

    with pytest.raises(LoadError, match=rf"^{tmp_path / 'uid_map'}: No such file or directory: mount /proc"):
        built(tmp_path)


def test_a_locale_that_spells_names_of_files_otherwise_than_dockerd_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")

    with pytest.raises(LoadError, match=r"^the locale spells names of files in iso8859-1.*PYTHONUTF8=1"):
        built(tmp_path)


@pytest.mark.parametrize(
    ("at", "process", "root"),
    [("auto", 1, "none"), ("auto", 4711, "/"), ("none", 4711, "none"), ("/host", 1, "/host")],
)
def test_where_the_hosts_files_are(at: str, process: int, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: process)

    assert Settings.read({}, {"host_root": at}).visible_root == root


@pytest.mark.parametrize(("process", "visible"), [(1, "none"), (4711, "/")])
def test_the_deciding_process_sees_the_hosts_files_where_its_arbiter_did(
    tmp_path: Path, process: int, visible: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: process)
    asked = built(tmp_path, host_root="auto")
    monkeypatch.setattr(os, "getpid", lambda: 4712)

    assert asked.status()["hostRoot"] == visible


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
