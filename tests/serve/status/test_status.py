"""The status: what is in force, what needs attention, how often exceptions were used."""

import errno
import json
import os
import time
from pathlib import Path
from typing import Any, cast

import pytest

from portero.decide.interfaces.daemon import Peer
from portero.decide.interfaces.host import Trace
from portero.decide.values.refusals import Refused
from portero.decide.values.times import format_instant
from portero.observe.dockerd.finder import AskingDaemons
from portero.observe.host.fixed_host import FixedHost
from portero.observe.lookups.live_daemon import LiveDaemon
from portero.observe.process import package_files
from portero.serve.decision_log import log_state
from portero.serve.status import daemon_state
from portero.serve.status.status import list_writers
from tests.failing import fail_with
from tests.observe.host.proc_tree import dockerd
from tests.serve.application.test_application import ask, built, create, logged, site_with_exception, site_with_tokens

YEAR = 365 * 86400.0


def test_status_tells_what_is_in_force(tmp_path: Path) -> None:
    told = built(tmp_path)

    health, status = cast(dict[str, Any], told.health()), cast(dict[str, Any], told.status())

    assert (health["profile"], health["mode"]) == ("baseline", "enforce")
    assert health["policy"] == told.in_force.judge.policy.digest
    assert health["rules"] == len(told.in_force.judge.policy.rules) == sum(status["rulesByLevel"].values())
    assert health["reloadFaults"] == health["attention"] == []
    assert status["decisions"] == {"allowed": 0, "refused": 0}
    assert health.items() <= status.items()


def test_status_tells_each_exception_with_its_state_and_how_often_it_was_used(tmp_path: Path) -> None:
    asked = built(tmp_path, schemas=site_with_exception(tmp_path))
    before = cast(dict[str, Any], asked.status())["exceptions"]

    ask(asked, create(Privileged=True))
    ask(asked, create())

    told = {
        "id": "installer",
        "rules": ["no-privileged"],
        "owner": "operations",
        "expires": "2999-12-31",
        "state": "active",
        "nearMisses": {},
    }
    assert before == [{**told, "usedSinceStart": 0}]
    assert asked.status()["exceptions"] == [{**told, "usedSinceStart": 1}]
    assert asked.status()["decisions"] == {"allowed": 2, "refused": 0}


def test_status_counts_how_often_which_condition_kept_an_exception_from_matching(tmp_path: Path) -> None:
    by_ops = {
        "properties": {
            "operation": {"const": "ContainerCreate"},
            "identity": {"properties": {"user": {"const": "ops"}}},
        }
    }
    asked = built(tmp_path, schemas=site_with_exception(tmp_path, match=by_ops))

    for _ in range(2):
        ask(asked, create(Privileged=True))

    (exception,) = cast(dict[str, Any], asked.status())["exceptions"]
    assert (exception["usedSinceStart"], exception["nearMisses"]) == (0, {"identity.user": 2})
    assert logged(tmp_path)[0]["violations"][0]["nearMiss"] == (
        "installer matches all but identity.user: empty is not ops"
    )


def test_mode_audit_and_an_exception_that_has_run_out_ask_for_attention(tmp_path: Path) -> None:
    asked = built(tmp_path, mode="audit", schemas=site_with_exception(tmp_path, expires="2000-01-01"))

    nothing, expired = cast(list[str], asked.health()["attention"])

    assert nothing == "NOTHING IS ENFORCED: mode audit allows and logs every request that does not turn Portero off"
    assert "installer.json: expired on 2000-01-01 and waives nothing" in expired


def test_code_that_was_replaced_while_it_runs_needs_attention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = built(tmp_path)
    monkeypatch.setattr(package_files, "_STARTED_AS", ())
    assert ["portero was replaced on the disk" in line for line in told.health()["attention"]] == [True]  # type: ignore[union-attr,operator]

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", fail_with(errno.EMFILE))
        (line,) = told.health()["attention"]  # type: ignore[misc]
    assert "whether it was replaced is unknown" in line  # type: ignore[operator]


def test_registries_that_do_not_hold_need_attention(tmp_path: Path) -> None:
    site = {"registries": ["registry.example.com"], "actions": {"image-registries": "deny"}}
    (tmp_path / "site.json").write_text(json.dumps(site))

    (attention,) = cast(list[str], built(tmp_path, schemas=str(tmp_path)).health()["attention"])

    assert attention.startswith("image-registries does not hold: docker load, docker import, docker build give")


def test_lookups_that_are_off_are_in_the_status_and_need_attention(tmp_path: Path) -> None:
    off, auto = built(tmp_path, lookups="off"), built(tmp_path)

    assert (off.status()["lookups"], auto.status()["lookups"]) == ("off", "auto")
    assert [line for line in cast(list[str], off.health()["attention"]) if "PORTERO_LOOKUPS=off" in line]
    assert "existing-container" in cast(list[str], off.status()["rulesWithoutLookups"])
    assert auto.health()["attention"] == []
    assert auto.status()["rulesWithoutLookups"] == []


def test_a_daemon_that_cannot_be_asked_needs_attention(tmp_path: Path) -> None:
    application = built(tmp_path)
    application.daemon.new_objects(lambda: None)

    (notice,) = cast(list[str], application.health()["attention"])
    assert notice.startswith("dockerd cannot be asked what exists")
    assert application.status()["lookups"] == "unavailable"


def test_a_log_that_could_not_be_written_needs_attention_for_15_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = built(tmp_path, log="/dev/full")
    before = cast(list[str], asked.health()["attention"])
    ask(asked, create())

    (failure,) = cast(list[str], asked.health()["attention"])
    last = asked.log.state.last_failure

    assert before == []
    assert failure.startswith("the decision log could not be written at 20")
    assert asked.status()["logFailures"] == 1
    assert asked.status()["logLastFailure"] == format_instant(last)
    now = time.monotonic()
    for passed, expected in ((890, [failure]), (910, [])):
        monkeypatch.setattr(time, "monotonic", lambda passed=passed: now + passed)
        asked.polled_at = now + passed  # the thread goes on
        assert asked.health()["attention"] == expected


@pytest.mark.parametrize("jump", [-10 * YEAR, 10 * YEAR])
def test_a_jump_of_the_clock_hides_no_lost_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    asked = built(tmp_path, log="/dev/full")
    ask(asked, create())
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + jump)

    assert len(cast(list[str], asked.health()["attention"])) == 1


def test_a_write_to_the_log_that_does_not_end_needs_attention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_state, "STALLED_AFTER", 0.0)
    asked = built(tmp_path)
    asked.log.state.begin()
    time.sleep(0.01)

    (stalled,) = cast(list[str], asked.health()["attention"])

    assert stalled.startswith("a write to the decision log does not end")
    assert b"portero_log_stalled_writes 1.0" in asked.metrics_text()


def test_a_managed_plugin_that_cannot_ask_dockerd_needs_attention(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = built(tmp_path)
    with_socket = built(tmp_path, docker_host="unix:///run/docker.sock")
    monkeypatch.setattr(os, "getppid", lambda: 1)

    attention, blind = cast(list[str], asked.health()["attention"])
    assert attention.startswith("cannot ask dockerd for networks")
    assert blind.startswith("dockerd cannot be asked what exists (managed plugin without its mount docker-socket")
    assert with_socket.health()["attention"] == []


def test_the_users_whom_bind_sources_trusts_are_named() -> None:
    host = FixedHost({"owners": {"/home/alicia": "user alicia (1000)"}})

    assert list_writers(["/home/alicia", "/srv/app"], host) == {"/home/alicia": ["user alicia (1000)"], "/srv/app": []}


def test_users_whom_nobody_can_see_are_not_no_users() -> None:
    class Unreadable(FixedHost):
        def trace(self, path: str) -> Trace:
            raise Refused("host-unreadable")

    assert list_writers(["/srv"], Unreadable()) == {"/srv": "unknown: the host cannot be read"}


def test_what_cannot_be_read_of_containerd_and_lookups_without_an_answer_need_attention(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc = tmp_path / "proc"
    application = built(tmp_path)
    folder = dockerd(proc, 7, own_files=True)
    (folder / "root/etc/containerd").mkdir(parents=True)
    (folder / "root/etc/containerd/config.toml").write_text("root =")
    assert application.health()["attention"] == []
    daemons = AskingDaemons(proc)
    daemons.find_daemon(Peer(7, 0))
    monkeypatch.setattr(daemon_state, "identify_dockerd", lambda pid, _: daemons.cached[0].identity)
    application.daemon.asking = daemons
    monkeypatch.setattr(LiveDaemon, "names_fail", True)

    lookups, *unseen = cast(list[str], application.health()["attention"])
    assert lookups.startswith("dockerd does not answer about networks")
    assert (
        "cannot read /etc/containerd/config.toml: containerd is protected at its usual paths only (dockerd 7)" in unseen
    )


def test_status_names_the_audit_profile_and_counts_what_only_it_would_refuse(tmp_path: Path) -> None:
    application = built(tmp_path, profile="baseline")

    ask(application, create())

    status = application.status()
    assert (status["profile"], status["auditProfile"]) == ("baseline", "hardened")
    assert status["decisions"] == {"allowed": 1, "refused": 0}
    assert status["auditProfileRefusals"] == 1


def test_status_tells_who_is_believed_and_whose_profile_differs(tmp_path: Path) -> None:
    profiles = [{"groups": ["ops"], "profile": "baseline"}]
    told = built(tmp_path, schemas=site_with_tokens(tmp_path, profiles=profiles), host_groups="web")

    status = cast(dict[str, Any], told.status())

    assert status["tokenIssuers"] == ["https://login.example.com"]
    assert status["profiles"] == profiles
    assert "takes portero out of authorization-plugins" in status["emergencyAccess"]
