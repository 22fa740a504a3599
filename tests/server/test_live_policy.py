"""A changed policy is in force in every worker of the real server, without a signal and without a new process."""

import http.client
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.server.commands import ask, create, run, serve
from tests.server.running import Server, started
from tests.waiting import soon, wait_until

# It takes two seconds; ten times as long on a busy machine is no fault of the server.
WITHIN = 20.0
WORKERS = 3
CALL = "/AuthZPlugin.AuthZReq"


class Site:
    """A server with three workers and a policy folder of its own."""

    def __init__(self, server: Server, policy: Path) -> None:
        self.server = server
        self.policy = policy

    def write(self, text: str) -> None:
        (self.policy / "site.json").write_text(text)

    def act(self, action: str) -> None:
        self.write(json.dumps({"actions": {"no-privileged": action}}))

    def digest(self) -> str:
        digest: str = self.server.ask("GET", "/status")[1]["policy"]
        return digest

    def statuses(self) -> list[dict[str, Any]]:
        """Answers enough for every worker to be among them."""
        return [self.server.ask("GET", "/status")[1] for _ in range(8 * WORKERS)]

    def wait_until(self, holds: Callable[[dict[str, Any]], bool]) -> None:
        """Until the status of every worker is as expected."""
        end = time.monotonic() + WITHIN
        while not all(holds(told) for told in self.statuses()):
            assert time.monotonic() < end, self.server.ask("GET", "/status")
            time.sleep(0.1)

    def wait_for_another_policy(self, digest: str) -> None:
        self.wait_until(lambda told: told["policy"] != digest)

    def pids(self) -> list[int]:
        return self.server.workers()


@pytest.fixture
def site(tmp_path: Path) -> Any:
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "site.json").write_text("{}")
    options = ("--profile", "baseline", "--schemas", str(policy), "--workers", str(WORKERS))
    with started(serve(tmp_path, *options), tmp_path / "portero.sock") as running:
        assert soon(lambda: len(running.workers()) == WORKERS)
        yield Site(running, policy)


def test_every_worker_has_a_changed_policy_and_stays(site: Site) -> None:
    before, workers = site.digest(), site.pids()
    site.act("off")
    site.wait_for_another_policy(before)

    assert len({told["policy"] for told in site.statuses()}) == 1
    assert all(ask(site.server, create(Privileged=True))["Allow"] for _ in range(3 * WORKERS))
    assert site.pids() == workers


def test_an_invalid_policy_is_reported_by_every_worker_with_a_line_for_each_fault(site: Site) -> None:
    digest = site.digest()
    site.write('{"acshuns": {}, "runtimes": 7}')
    site.wait_until(lambda told: bool(told["reloadFaults"]))

    for told in site.statuses():
        assert [str(site.policy) in fault for fault in told["reloadFaults"]] == [True, True]
        assert told["policy"] == digest
        assert told["reloadFailures"] == 1
    told = run("status", "--socket", str(site.server.socket))
    assert told.returncode == 1
    assert told.stdout.count(f"{site.policy}/site.json: ") == 2
    assert ask(site.server, create(Privileged=True))["Allow"] is False
    site.write("{}")
    site.wait_until(lambda told: not told["reloadFaults"])
    assert site.server.stop()[1].count("portero: error: not reloaded, the old policy stays in force: ") == 2


def test_a_worker_that_is_made_anew_starts_with_the_policy_in_force_though_the_folder_is_invalid(site: Site) -> None:
    before = site.digest()
    site.act("off")
    site.wait_for_another_policy(before)
    digest, workers = site.digest(), set(site.pids())
    site.write("{")
    site.wait_until(lambda told: bool(told["reloadFaults"]))
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    assert soon(lambda: len(site.pids()) == WORKERS and not workers & set(site.pids()), WITHIN)

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
    before = site.digest()
    (site.policy / "exceptions" / "installer.json").write_text(json.dumps(content))
    site.wait_for_another_policy(before)
    for _ in range(20):
        assert ask(site.server, create(Privileged=True))["Allow"] is True
    for _ in range(10):
        assert ask(site.server, create(PidMode="host"))["Allow"] is False

    for told in site.statuses():
        assert told["decisions"] == {"allowed": 20, "refused": 10}
        assert [(one["id"], one["usedSinceStart"]) for one in told["exceptions"]] == [("installer", 20)]


def test_a_master_that_stands_still_needs_attention(tmp_path: Path) -> None:
    """As at a policy folder whose file system does not answer."""
    code = (
        "import sys\n"
        "from portero.service import status\n"
        "status._SILENT = 1.5\n"
        "from portero.cli import main\n"
        "main(sys.argv[3:])\n"
    )

    def attention() -> str:
        return str(server.ask("GET", "/healthz")[1]["attention"])

    with started(["-c", code, *serve(tmp_path)], tmp_path / "portero.sock") as server:
        assert "no change of the policy is loaded" not in attention()
        server.process.send_signal(signal.SIGSTOP)
        try:
            end = time.monotonic() + WITHIN
            while "no change of the policy is loaded and no worker replaced since" not in attention():
                assert time.monotonic() < end
                time.sleep(0.1)
            answered = ask(server, create(Privileged=True))["Allow"]
        finally:
            server.process.send_signal(signal.SIGCONT)
        while "no change of the policy is loaded" in attention():
            assert time.monotonic() < end
            time.sleep(0.1)

    assert answered is False


def test_workers_that_cannot_follow_allow_nothing_by_the_old_policy_and_are_replaced(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from portero.service import loading\n"
        "def fail(*_): raise MemoryError\n"
        "loading.load_held = fail\n"
        "from portero.cli import main\n"
        "main(sys.argv[3:])\n"
    )
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "site.json").write_text('{"actions": {"no-privileged": "off"}}')
    words = serve(tmp_path, "--profile", "baseline", "--schemas", str(policy), "--workers", "2")
    answers: list[str] = []
    with started(["-c", code, *words], tmp_path / "portero.sock") as server:
        connection = server.connection()
        assert connection.ask("POST", "/AuthZPlugin.AuthZReq", create(Privileged=True))[1]["Allow"] is True
        (policy / "site.json").write_text("{}")
        end = time.monotonic() + WITHIN
        while ask(server, create(Privileged=True))["Allow"]:
            assert time.monotonic() < end
            time.sleep(0.05)
        # This connection is of a worker that ends: it answers once more, or has hung up already.
        with suppress(OSError, http.client.HTTPException):
            answers.append(connection.ask("POST", "/AuthZPlugin.AuthZReq", create())[1]["Msg"])
        connection.close()
        while ask(server, create())["Msg"]:
            assert time.monotonic() < end
            time.sleep(0.05)

    assert answers == [] or "policy-outdated" in answers[0]


def test_workers_make_way_for_new_ones_after_another_policy_and_break_no_connection(tmp_path: Path) -> None:
    code = "import sys\nfrom portero.server import renewal\nrenewal.AFTER = 0.5\n"
    code += "from portero.cli import main\nmain(sys.argv[3:])\n"
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "site.json").write_text("{}")
    words = serve(tmp_path, "--profile", "baseline", "--schemas", str(policy), "--workers", str(WORKERS))
    with started(["-c", code, *words], tmp_path / "portero.sock") as server:
        site = Site(server, policy)
        kept = [server.connection() for _ in range(2 * WORKERS)]
        assert not any(connection.ask("POST", CALL, create(Privileged=True))[1]["Allow"] for connection in kept)
        before = {*site.pids()}
        site.act("off")
        # No connection ends without an answer, and the first that says so is by the new policy already.
        last = [answer_until_it_is_the_last(connection, create(Privileged=True)) for connection in kept]

        assert [answer["Allow"] for answer in last] == [True] * len(kept)
        wait_until(lambda: before.isdisjoint(site.pids()), "workers make way", WITHIN)
        assert len(site.pids()) == WORKERS
        assert {ask(server, create(Privileged=True))["Allow"] for _ in range(3 * WORKERS)} == {True}
        assert server.stop()[0] == 0


def answer_until_it_is_the_last(connection: Any, body: bytes) -> Any:
    """The answer that says that the connection ends with it."""
    end = time.monotonic() + WITHIN
    while True:
        connection.request("POST", CALL, body, {"Content-Length": str(len(body))})
        answer = connection.getresponse()
        said = json.loads(answer.read())
        if answer.will_close:
            return said
        assert time.monotonic() < end
        time.sleep(0.05)
