"""The daemons that ask are reported while they run, with the rights that their builds may ask for."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from portero.dockerd.daemon import AskingDaemon
from portero.dockerd.daemon_defaults import DaemonDefaults
from portero.dockerd.finder import AskingDaemons
from portero.dockerd.peer import Peer
from portero.host.fixed_host import FixedHost
from portero.host.live_host import HostFiles
from portero.refusals import Refused
from portero.status import seen_daemons
from portero.status.seen_daemons import list_running
from portero.values.json_types import JSON
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
    "buildEntitlements": "on",
    "deviceAccess": "unknown",
}
# A daemon as list_notices needs it, with nothing to say.
SEEN: Mapping[str, JSON] = {**SEVEN, "buildEntitlements": "off", "deviceAccess": "closed"}


def test_a_daemon_that_has_ended_is_reported_no_more(proc: Path) -> None:
    dockerd(proc, 8, "--data-root=/srv/docker")
    seen = (find(proc), find(proc, 8))
    assert [cast(dict[str, Any], daemon)["pid"] for daemon in list_running(seen, FixedHost(), proc)] == [7, 8]
    shutil.rmtree(proc / "7")

    assert list_running(seen, FixedHost(), proc) == [{**SEVEN, "pid": 8, "dataRoot": "/srv/docker"}]


def test_a_daemon_that_cannot_be_looked_for_may_run(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seven = find(proc)

    def fail(pid: int, proc: Path) -> None:
        raise OSError

    monkeypatch.setattr(seen_daemons, "identify_dockerd", fail)

    assert list_running([seven], FixedHost(), proc) == [SEVEN]


def test_the_status_of_the_application_names_them(tmp_path: Path, proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_daemons, "identify_dockerd", lambda pid, _: find(proc, pid).identity)
    application = built(tmp_path)
    host = application.in_force.judge.host
    assert isinstance(host, HostFiles)
    host.daemons = AskingDaemons(proc)
    assert application.status()["daemons"] == []
    host.daemons.find(Peer(7, 0))

    (seven,) = cast(list[dict[str, Any]], application.status()["daemons"])
    assert {**seven, "buildEntitlements": "on", "deviceAccess": "unknown"} == SEVEN


@pytest.mark.parametrize(
    ("profile", "entitlements", "expected"),
    [
        ("baseline", "on", 'write "builder"'),
        ("baseline", "unknown", 'write "builder"'),
        ("baseline", "off-after-restart", "until dockerd 7 is restarted"),
        ("baseline", "off", None),
        ("hardened", "on", None),
    ],
)
def test_builds_that_may_ask_for_the_host_s_network_need_attention_where_they_are_allowed(
    tmp_path: Path, profile: str, entitlements: str, expected: str | None
) -> None:
    daemon: JSON = {**SEEN, "buildEntitlements": entitlements}

    found = [*seen_daemons.list_notices(built(tmp_path).in_force.judge.policy, profile, [daemon])]

    assert len(found) == (expected is not None)
    assert all(expected in line for line in found if expected)


@pytest.mark.parametrize(
    ("profile", "access", "expected"),
    [
        ("baseline", "open", "may open disks"),
        ("baseline", "unknown", "may open disks"),
        ("baseline", "changed", "daemon-reload"),
        ("baseline", "closed", None),
        ("hardened", "unknown", None),
        ("hardened", "changed", "daemon-reload"),
    ],
)
def test_devices_that_dockerd_may_open_need_attention_where_builds_are_allowed(
    tmp_path: Path, profile: str, access: str, expected: str | None
) -> None:
    found = [
        *seen_daemons.list_notices(built(tmp_path).in_force.judge.policy, profile, [{**SEEN, "deviceAccess": access}])
    ]

    assert [expected in line for line in found if expected] == [True] * (expected is not None)
    assert len(found) == (expected is not None)


def test_a_daemon_that_is_seen_is_in_the_attention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    application = built(tmp_path)
    seven = {**SEEN, "uid": 0, "unreadable": [], "buildEntitlements": "on"}
    monkeypatch.setattr(seen_daemons, "list_running", lambda *_: [seven])

    attention: Any = application.health()["attention"]

    assert [line for line in attention if "builds with BuildKit" in line]


class WithoutDaemonJson(FixedHost):
    """A host whose daemon.json cannot be read."""

    def daemon(self) -> DaemonDefaults:
        raise Refused("host-unreadable", "")


def test_each_daemon_has_what_it_refuses_builds(proc: Path) -> None:
    off = FixedHost(
        {
            "devices": "closed",
            "daemon": {
                "builder": {"entitlements": {"network-host": False, "security-insecure": False, "device": False}}
            },
        }
    )

    hosts = (off, FixedHost(), WithoutDaemonJson())

    assert [list_running([find(proc)], host, proc) for host in hosts] == [
        [{**SEVEN, "buildEntitlements": found, "deviceAccess": devices}]
        for found, devices in (("off", "closed"), ("on", "unknown"), ("unknown", "unknown"))
    ]
