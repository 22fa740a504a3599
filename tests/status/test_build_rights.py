"""What builds may ask of the host is in the status, and needs attention where they are allowed."""

from pathlib import Path
from typing import Any

import pytest

from portero.dockerd.daemon_defaults import DaemonDefaults
from portero.host.fixed_host import FixedHost
from portero.refusals import Refused
from portero.status import build_rights, seen_daemons
from portero.values.json_types import JSON
from tests.application.test_application import built


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
    daemon: JSON = {"pid": 7, "daemonJson": "/etc/docker/daemon.json", "buildEntitlements": entitlements}

    found = [*build_rights.list_notices(built(tmp_path).in_force.judge.policy, profile, [daemon])]

    assert len(found) == (expected is not None)
    assert all(expected in line for line in found if expected)


def test_a_daemon_that_is_seen_is_in_the_attention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    application = built(tmp_path)
    seven = {"pid": 7, "uid": 0, "daemonJson": "/etc/docker/daemon.json", "unreadable": []}
    monkeypatch.setattr(seen_daemons, "list_running", lambda daemons: [seven])

    attention: Any = application.health()["attention"]

    assert [line for line in attention if "builds with BuildKit" in line]


class WithoutDaemonJson(FixedHost):
    """A host whose daemon.json cannot be read."""

    def daemon(self) -> DaemonDefaults:
        raise Refused("host-unreadable", "")


def test_each_daemon_has_what_it_refuses_builds() -> None:
    daemon: JSON = {"pid": 7, "uid": 0}
    off = FixedHost({"daemon": {"builder": {"entitlements": {"network-host": False, "security-insecure": False}}}})

    hosts = (off, FixedHost(), WithoutDaemonJson())

    assert [build_rights.with_entitlements([daemon], host) for host in hosts] == [
        [{"pid": 7, "uid": 0, "buildEntitlements": found}] for found in ("off", "on", "unknown")
    ]
