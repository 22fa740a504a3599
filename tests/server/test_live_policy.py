"""A changed policy is in force in every worker of the real server, without a signal and without a new process."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.server.commands import ask, create, run, serve
from tests.server.running import Server, started

WITHIN = 2.0
WORKERS = 3


class Site:
    """A server with three workers and a policy folder of its own."""

    def __init__(self, server: Server, policy: Path) -> None:
        self.server = server
        self.policy = policy

    def write(self, text: str) -> float:
        """Change the policy; say when that was."""
        (self.policy / "site.json").write_text(text)
        return time.monotonic()

    def act(self, action: str) -> float:
        return self.write(json.dumps({"actions": {"no-privileged": action}}))

    def statuses(self) -> list[dict[str, Any]]:
        """Answers enough for every worker to be among them."""
        return [self.server.ask("GET", "/status")[1] for _ in range(8 * WORKERS)]

    def all_say(self, since: float, name: str, value: Any) -> bool:
        while time.monotonic() < since + WITHIN:
            if all(told[name] == value for told in self.statuses()):
                return True
        return False

    def pids(self) -> list[int]:
        return self.server.workers()


@pytest.fixture
def site(tmp_path: Path) -> Any:
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "site.json").write_text("{}")
    options = ("--profile", "baseline", "--schemas", str(policy), "--workers", str(WORKERS))
    with started(serve(tmp_path, *options), tmp_path / "portero.sock") as running:
        deadline = time.monotonic() + 15
        while len(running.workers()) < WORKERS and time.monotonic() < deadline:
            time.sleep(0.1)
        yield Site(running, policy)


def test_every_worker_has_a_changed_policy_within_two_seconds_and_stays(site: Site) -> None:
    before, workers = site.server.ask("GET", "/status")[1], site.pids()
    since = site.act("off")
    time.sleep(WITHIN)

    statuses = site.statuses()

    assert {told["policy"] for told in statuses} != {before["policy"]}
    assert len({told["policy"] for told in statuses}) == 1
    assert all(ask(site.server, create(Privileged=True))["Allow"] for _ in range(3 * WORKERS))
    assert site.pids() == workers
    assert time.monotonic() - since < WITHIN + 2


def test_an_invalid_policy_is_reported_by_every_worker_with_a_line_for_each_fault(site: Site) -> None:
    digest = site.server.ask("GET", "/status")[1]["policy"]
    site.write('{"acshuns": {}, "runtimes": 7}')
    time.sleep(WITHIN)

    for told in site.statuses():
        assert [str(site.policy) in fault for fault in told["reloadFaults"]] == [True, True]
        assert told["policy"] == digest
        assert told["reloadFailures"] == 1
    told = run("status", "--socket", str(site.server.socket))
    assert told.returncode == 1
    assert told.stdout.count("site.json") == 2
    assert ask(site.server, create(Privileged=True))["Allow"] is False
    since = site.write("{}")
    assert site.all_say(since, "reloadFaults", [])
    assert site.server.stop()[1].count("portero: error: not reloaded, the old policy stays in force: ") == 2


def test_a_worker_that_is_made_anew_starts_with_the_policy_in_force_though_the_folder_is_invalid(site: Site) -> None:
    site.act("off")
    time.sleep(WITHIN)
    digest = site.server.ask("GET", "/status")[1]["policy"]
    site.write("{")
    time.sleep(WITHIN)
    for worker in site.pids():
        os.kill(worker, signal.SIGKILL)
    time.sleep(WITHIN)

    statuses = site.statuses()

    assert {told["policy"] for told in statuses} == {digest}
    assert all(len(told["reloadFaults"]) == 1 for told in statuses)
    assert ask(site.server, create(Privileged=True))["Allow"] is True


def test_decisions_and_used_exceptions_are_those_of_all_workers(site: Site) -> None:
    (site.policy / "exceptions").mkdir()
    content = {
        "$schema": "../exception.json",
        "dialect": 2,
        "rules": ["no-privileged"],
        "match": {"properties": {"operation": {"const": "ContainerCreate"}}},
        "reason": "The old installer needs it.",
        "owner": "operations",
        "expires": "2999-12-31",
    }
    (site.policy / "exceptions" / "installer.json").write_text(json.dumps(content))
    time.sleep(WITHIN)
    for _ in range(20):
        assert ask(site.server, create(Privileged=True))["Allow"] is True
    for _ in range(10):
        assert ask(site.server, create(PidMode="host"))["Allow"] is False

    for told in site.statuses():
        assert told["decisions"] == {"allowed": 20, "refused": 10}
        assert [(one["id"], one["usedSinceStart"]) for one in told["exceptions"]] == [("installer", 20)]
