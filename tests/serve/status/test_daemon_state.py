"""The daemons that ask are reported while they run, with the rights that their builds may ask for.

Where existing objects cannot be looked up, status names the reason, the rules that are blind, and the cure.
"""

import errno
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from portero.decide.interfaces.daemon import DaemonDefaults, LookupState, Peer
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.dockerd.finder import AskingDaemons
from portero.observe.host.fixed_host import FixedHost
from portero.serve.settings.settings import Settings
from portero.serve.status import daemon_state
from portero.serve.status.daemon_state import list_running
from tests.decide.policy.test_builtin_rules import policy
from tests.failing import fail_with
from tests.observe.host.proc_tree import dockerd
from tests.serve.application.test_application import built


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    dockerd(folder, 7)
    return folder


def find(proc: Path, pid: int = 7) -> AskingDaemon:
    daemon = AskingDaemons(proc).find_daemon(Peer(pid, 0))
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
    monkeypatch.setattr(daemon_state, "identify_dockerd", fail_with(errno.EMFILE))

    assert list_running([seven], FixedHost(), proc) == [SEVEN]


def test_the_status_of_the_application_names_them(tmp_path: Path, proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_state, "identify_dockerd", lambda pid, _: find(proc, pid).identity)
    application = built(tmp_path)
    application.daemon.asking = AskingDaemons(proc)
    assert application.status()["daemons"] == []
    application.daemon.asking.find_daemon(Peer(7, 0))

    (seven,) = cast(list[dict[str, Any]], application.status()["daemons"])
    assert {**seven, "buildEntitlements": "on", "deviceAccess": "unknown"} == SEVEN


@pytest.mark.parametrize(
    ("profile", "seen", "expected"),
    [
        ("baseline", {"buildEntitlements": "on"}, 'write "builder"'),
        ("baseline", {"buildEntitlements": "unknown"}, 'write "builder"'),
        ("baseline", {"buildEntitlements": "off-after-restart"}, "until dockerd 7 is restarted"),
        ("baseline", {}, None),
        ("hardened", {"buildEntitlements": "on"}, None),
        ("baseline", {"deviceAccess": "open"}, "may open disks"),
        ("baseline", {"deviceAccess": "unknown"}, "may open disks"),
        ("baseline", {"deviceAccess": "changed"}, "daemon-reload"),
        ("hardened", {"deviceAccess": "unknown"}, None),
        ("hardened", {"deviceAccess": "changed"}, "daemon-reload"),
    ],
)
def test_what_builds_may_ask_for_and_devices_that_dockerd_may_open_need_attention_where_builds_are_allowed(
    tmp_path: Path, profile: str, seen: dict[str, JSON], expected: str | None
) -> None:
    policy = built(tmp_path).in_force.judge.policy

    found = [*daemon_state.list_notices(policy, profile, [{**SEEN, **seen}])]

    assert [expected in line for line in found if expected] == [True] * (expected is not None)
    assert len(found) == (expected is not None)


def test_a_daemon_that_is_seen_is_in_the_attention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    application = built(tmp_path)
    seven = {**SEEN, "uid": 0, "unreadable": [], "buildEntitlements": "on"}
    monkeypatch.setattr(daemon_state, "list_running", lambda *_: [seven])

    attention: Any = application.health()["attention"]

    assert [line for line in attention if "builds with BuildKit" in line]


class WithoutDaemonJson(FixedHost):
    """A host whose daemon.json cannot be read."""

    def daemon(self) -> DaemonDefaults:
        raise Refused("host-unreadable", "")


def test_each_daemon_has_what_it_refuses_builds(proc: Path) -> None:
    entitlements = {"network-host": False, "security-insecure": False, "device": False}
    off = FixedHost({"devices": "closed", "daemon": {"builder": {"entitlements": entitlements}}})

    hosts = (off, FixedHost(), WithoutDaemonJson())

    assert [list_running([find(proc)], host, proc) for host in hosts] == [
        [{**SEVEN, "buildEntitlements": found, "deviceAccess": devices}]
        for found, devices in (("off", "closed"), ("on", "unknown"), ("unknown", "unknown"))
    ]


SETTINGS = Settings.read({}, {"profile": "baseline", "host_root": "none"})
EXISTING = {"existing-container", "existing-volume", "existing-network", "existing-service"}


@pytest.mark.parametrize(
    ("setting", "last", "expected"),
    [
        ("auto", "auto", "auto"),
        ("auto", "unanswered", "unanswered"),
        ("auto", "unavailable", "unavailable"),
        ("off", "auto", "off"),
    ],
)
def test_the_setting_comes_before_how_the_last_lookup_went(setting: str, last: LookupState, expected: str) -> None:
    settings = Settings.read({}, {"lookups": setting})

    assert daemon_state.find_lookup_state(settings, last) == expected


def test_a_managed_plugin_without_the_socket_cannot_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)

    assert daemon_state.find_lookup_state(SETTINGS, "auto") == "unavailable"
    assert daemon_state.find_lookup_state(replace(SETTINGS, docker_host=Path("/run/docker.sock")), "auto") == "auto"


def test_the_blind_rules_are_those_in_force_that_read_objects() -> None:
    blind = set(daemon_state.list_rules_without_lookups(SETTINGS, policy(), "unavailable"))
    assert blind >= EXISTING
    assert not {"no-privileged", "non-root-user"} & blind
    assert "non-root-user" in daemon_state.list_rules_without_lookups(
        replace(SETTINGS, profile="restricted"), policy(), "unavailable"
    )
    assert list(daemon_state.list_rules_without_lookups(SETTINGS, policy(), "unanswered")) == []


def test_rules_about_owners_are_blind_only_where_the_site_has_ownership() -> None:
    of_owners = {"taken-volumes", "owner-label-own"}
    loaded = policy()
    owning = replace(loaded, site={**loaded.site, "ownership": "com.example.owner"})

    assert loaded.site["ownership"] == ""
    assert not of_owners & set(daemon_state.list_rules_without_lookups(SETTINGS, loaded, "off"))
    blind = set(daemon_state.list_rules_without_lookups(SETTINGS, owning, "off"))
    assert of_owners <= blind
    # They deny users all that exists.
    assert not {"own-objects-only", "own-objects-read"} & blind
    (notice,) = daemon_state.list_lookup_notices(SETTINGS, owning, "unavailable")
    assert "by operators alone (ownership)" in notice
    assert "operators" not in next(daemon_state.list_lookup_notices(SETTINGS, loaded, "unavailable"))


@pytest.mark.parametrize(
    ("last", "begins"),
    [
        ("unavailable", "dockerd cannot be asked what exists"),
        ("unanswered", "dockerd does not answer what exists: requests that use existing objects are denied"),
        ("auto", None),
    ],
)
def test_the_notice_says_why_and_what_to_do(last: LookupState, begins: str | None) -> None:
    notices = [*daemon_state.list_lookup_notices(SETTINGS, policy(), last)]

    assert len(notices) == (begins is not None)
    for notice in notices:
        assert notice.startswith(str(begins))
        assert "PORTERO_DOCKER_HOST" in notice
