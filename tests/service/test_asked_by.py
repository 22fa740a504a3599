"""The daemons that ask: each worker reports those that any worker saw, while they run."""

import logging
import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from portero.host.asking_daemon import AskingDaemon
from portero.host.asking_daemons import AskingDaemons
from portero.host.files import HostFiles
from portero.host.peer import Peer
from portero.service.asked_by import AskedBy
from tests.host.proc_tree import dockerd
from tests.service.test_application import HARMLESS_READ, ask, built


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    dockerd(folder, 7)
    return folder


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


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
    "unseen": [],
}


def test_a_worker_reports_the_daemon_that_asked_another_one(proc: Path, shared: Path) -> None:
    one, other = AskedBy(shared, proc), AskedBy(shared, proc)

    assert other.list() == []
    one.note((find(proc),))
    other.note((find(proc),))

    assert one.list() == other.list() == AskedBy(shared, proc).list() == [SEVEN]
    assert [file.name for file in shared.iterdir()] == ["daemon-7-22.json"]


def test_a_process_alone_needs_no_folder(proc: Path) -> None:
    alone = AskedBy(None, proc)

    alone.note((find(proc),))

    assert alone.list() == [SEVEN]


def test_a_daemon_that_has_ended_is_reported_no_more(proc: Path, shared: Path) -> None:
    dockerd(proc, 8, "--data-root=/srv/docker")
    seen = AskedBy(shared, proc)
    seen.note((find(proc), find(proc, 8)))
    shutil.rmtree(proc / "7")

    assert seen.list() == AskedBy(shared, proc).list() == [{**SEVEN, "pid": 8, "dataRoot": "/srv/docker"}]


def test_a_folder_that_cannot_be_written_is_logged_once(
    proc: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen = AskedBy(tmp_path / "missing", proc)

    with caplog.at_level(logging.WARNING):
        seen.note((find(proc),))
        seen.note((find(proc),))

    assert [record.getMessage() for record in caplog.records] == [
        "status does not name the daemon that asks: No such file or directory"
    ]
    assert seen.list() == [SEVEN]


def test_the_status_of_the_application_names_them(tmp_path: Path, proc: Path) -> None:
    application = built(tmp_path)
    application.asked_by = AskedBy(None, proc)
    host = application.in_force.judge.host
    assert isinstance(host, HostFiles)
    host.daemons = AskingDaemons(proc)
    host.daemons.find(Peer(7, 0))

    assert application.status()["daemons"] == []
    ask(application, HARMLESS_READ)

    (seven,) = cast(list[dict[str, Any]], application.status()["daemons"])
    assert {key: value for key, value in seven.items() if key != "buildEntitlements"} == SEVEN
