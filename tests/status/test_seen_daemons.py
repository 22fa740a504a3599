"""The daemons that ask are reported while they run."""

import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from portero.dockerd.daemon import AskingDaemon
from portero.dockerd.finder import AskingDaemons
from portero.dockerd.peer import Peer
from portero.host.live_host import HostFiles
from portero.status import seen_daemons
from portero.status.seen_daemons import list_running
from tests.application.test_application import built
from tests.host.proc_tree import dockerd


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    dockerd(folder, 7)
    return folder


def find(proc: Path, pid: int = 7) -> AskingDaemon:
    daemon = AskingDaemons(proc).find(Peer(pid, 0))
    assert daemon is not None
    return daemon


SEVEN = {
    "pid": 7,
    "uid": 0,
    "dataRoot": "/var/lib/docker",
    "daemonJson": "/etc/docker/daemon.json",
    "rootless": False,
    "unreadable": [],
}


def test_a_daemon_that_has_ended_is_reported_no_more(proc: Path) -> None:
    dockerd(proc, 8, "--data-root=/srv/docker")
    seen = (find(proc), find(proc, 8))
    assert [cast(dict[str, Any], daemon)["pid"] for daemon in list_running(seen, proc)] == [7, 8]
    shutil.rmtree(proc / "7")

    assert list_running(seen, proc) == [{**SEVEN, "pid": 8, "dataRoot": "/srv/docker"}]


def test_a_daemon_that_cannot_be_looked_for_may_run(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seven = find(proc)

    def fail(pid: int, proc: Path) -> None:
        raise OSError

    monkeypatch.setattr(seen_daemons, "identify_dockerd", fail)

    assert list_running([seven], proc) == [SEVEN]


def test_the_status_of_the_application_names_them(tmp_path: Path, proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_daemons, "identify_dockerd", lambda pid, _: find(proc, pid).identity)
    application = built(tmp_path)
    host = application.in_force.judge.host
    assert isinstance(host, HostFiles)
    host.daemons = AskingDaemons(proc)
    assert application.status()["daemons"] == []
    host.daemons.find(Peer(7, 0))

    (seven,) = cast(list[dict[str, Any]], application.status()["daemons"])
    assert {key: value for key, value in seven.items() if key != "buildEntitlements"} == SEVEN
