"""A changed policy is in force in the real server without a signal or another process, and outlives the decider."""

import json
import os
import signal
import stat
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.serve.application.test_application import site_with_exception
from tests.serve.server.commands import ask, create, run, serve, serve_patched
from tests.serve.server.running import Server, started
from tests.waiting import wait_until

# It takes two seconds; ten times as long on a busy machine is no fault of the server.
WITHIN = 20.0
CALL = "/AuthZPlugin.AuthZReq"


class Site:
    """A server with a policy folder of its own."""

    def __init__(self, server: Server, policy: Path) -> None:
        self.server = server
        self.policy = policy

    def write(self, text: str) -> None:
        (self.policy / "site.json").write_text(text)

    def act(self, action: str) -> None:
        self.write(json.dumps({"actions": {"no-privileged": action}}))

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.server.ask("GET", "/status")[1]
        return status

    def wait_until(self, holds: Callable[[dict[str, Any]], bool]) -> None:
        """Until the status is as expected."""
        wait_until(lambda: holds(self.status()), "the status", WITHIN)

    def wait_for_another_policy(self, digest: str) -> None:
        self.wait_until(lambda told: told["policy"] != digest)

    def allows(self) -> bool:
        return self.server.allows(create(Privileged=True))

    def kill(self) -> None:
        """Kill the decider; the next one answers after this."""
        before = self.server.decider()
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: self.server.workers() not in ([], [before]), "another decider", WITHIN)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.json").write_text("{}")
    return tmp_path / "site"


@pytest.fixture
def site(tmp_path: Path, policy: Path) -> Any:
    options = ("--profile", "baseline", "--schemas", str(policy))
    with started(serve(tmp_path, *options), tmp_path / "portero.sock") as running:
        yield Site(running, policy)


def test_a_changed_policy_is_in_force_in_the_same_process(site: Site) -> None:
    before, decider = site.status()["policy"], site.server.decider()
    connection = site.server.connection()
    assert connection.ask("POST", CALL, create(Privileged=True))[1]["Allow"] is False
    site.act("off")
    site.wait_for_another_policy(before)

    assert site.allows() is True
    # No connection ends for that.
    assert connection.ask("POST", CALL, create(Privileged=True))[1]["Allow"] is True
    connection.close()
    assert site.server.decider() == decider


def test_an_invalid_policy_is_reported_with_a_line_for_each_fault(site: Site) -> None:
    digest = site.status()["policy"]
    site.write('{"acshuns": {}, "runtimes": 7}')
    # Counted once the faults are told.
    site.wait_until(lambda told: bool(told["reloadFaults"] and told["reloadFailures"]))

    status = site.status()
    assert [str(site.policy) in fault for fault in status["reloadFaults"]] == [True, True]
    assert status["policy"] == digest
    assert status["reloadFailures"] == 1
    told = run("status", "--socket", str(site.server.socket))
    assert told.returncode == 1
    assert told.stdout.count(f"{site.policy}/site.json: ") == 2
    assert site.allows() is False
    site.write("{}")
    site.wait_until(lambda told: not told["reloadFaults"])
    assert site.server.stop()[1].count("portero: error: not reloaded, the old policy stays in force: ") == 2


def test_the_policy_in_force_outlives_its_decider_though_the_folder_is_invalid(site: Site) -> None:
    before = site.status()["policy"]
    site.act("off")
    site.wait_for_another_policy(before)
    digest = site.status()["policy"]
    site.write("{")
    site.wait_until(lambda told: bool(told["reloadFaults"]))
    for _ in range(2):
        site.kill()

        assert site.allows() is True
        status = site.status()
        assert status["policy"] == digest
        assert [str(site.policy) in fault for fault in status["reloadFaults"]] == [True]
        assert "policy folder is invalid" in str(status["attention"])
    # What is valid counts again, without a signal.
    site.act("deny")
    site.wait_until(lambda told: not told["reloadFaults"])
    assert site.allows() is False


def test_a_decider_begins_with_what_is_in_the_folder_if_that_is_valid(site: Site) -> None:
    os.kill(site.server.decider(), signal.SIGSTOP)
    site.act("off")
    site.kill()

    assert site.allows() is True
    assert site.status()["reloadFaults"] == []


@pytest.mark.parametrize("spoil", ["missing", "changed", "of other folders"])
def test_without_a_valid_policy_a_decider_refuses_everything_until_there_is_one(site: Site, spoil: str) -> None:
    kept = site.server.socket.with_name("state") / "last-policy.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    site.write("{")
    site.wait_until(lambda told: bool(told["reloadFaults"]))
    if spoil == "missing":
        kept.unlink()
    elif spoil == "changed":
        kept.write_bytes(kept.read_bytes().replace(b'"links"', b'"Links"'))
    else:
        text = kept.read_bytes().partition(b"\n")[2].replace(str(site.policy).encode(), b"/srv/policy")
        kept.write_bytes(sha256(text).hexdigest().encode() + b"\n" + text)
    site.kill()

    answer = ask(site.server, create())
    assert answer["Allow"] is False
    assert "policy-unusable" in answer["Msg"]
    assert "NOTHING IS ALLOWED" in str(site.status()["attention"])
    site.write("{}")
    site.wait_until(lambda told: not told["reloadFaults"])
    assert site.server.allows(create())
    assert "every request is denied until one is" in site.server.stop()[1]


def test_a_policy_that_cannot_be_kept_is_said_and_is_in_force(tmp_path: Path, policy: Path) -> None:
    options = ("--profile", "baseline", "--schemas", str(policy), "--state", "/proc/none/versions.json")
    with started(serve(tmp_path, *options), tmp_path / "portero.sock") as server:
        assert server.allows(create())
        errors = server.stop()[1]

    assert "last-policy.json: the policy in force cannot be kept for a restart (No such file or directory)" in errors


def test_decisions_and_used_exceptions_are_counted(tmp_path: Path, site: Site) -> None:
    before = site.status()["policy"]
    site_with_exception(tmp_path)
    site.wait_for_another_policy(before)
    for _ in range(20):
        assert site.server.allows(create(Privileged=True))
    for _ in range(10):
        assert not site.server.allows(create(PidMode="host"))

    told = site.status()
    assert told["decisions"] == {"allowed": 20, "refused": 10}
    assert [(one["id"], one["usedSinceStart"]) for one in told["exceptions"]] == [("installer", 20)]


def test_a_look_at_a_policy_folder_that_does_not_end_needs_attention(tmp_path: Path) -> None:
    """As at a folder whose file system does not answer."""
    patch = """
import time
from pathlib import Path
from portero.serve.status import status; from portero.serve.application import watch
status._SILENT = 1.5
take = watch.Watch.take_snapshot
def stand_still(self):
    while Path('hangs').exists(): time.sleep(0.05)
    return take(self)
watch.Watch.take_snapshot = stand_still
"""

    def attention() -> str:
        return str(server.ask("GET", "/healthz")[1]["attention"])

    with started(serve_patched(patch, tmp_path), tmp_path / "portero.sock") as server:
        assert "no change of the policy is loaded" not in attention()
        (tmp_path / "hangs").touch()
        wait_until(lambda: "no change of the policy is loaded since" in attention(), "attention", WITHIN)
        answered = server.allows(create(Privileged=True))
        (tmp_path / "hangs").unlink()
        wait_until(lambda: "no change of the policy is loaded" not in attention(), "no attention", WITHIN)

    assert answered is False


def test_requests_are_answered_while_another_policy_is_compiled(tmp_path: Path, policy: Path) -> None:
    patch = """
import time
from pathlib import Path
from portero.serve.application import loading
load = loading.load_policy
def load_slowly(*given):
    while Path('compiles').exists(): time.sleep(0.05)
    return load(*given)
loading.load_policy = load_slowly
"""
    words = serve_patched(patch, tmp_path, "--profile", "baseline", "--schemas", str(policy))
    with started(words, tmp_path / "portero.sock") as server:
        site = Site(server, policy)
        (tmp_path / "compiles").touch()
        site.act("off")
        server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            assert site.allows() is False
        (tmp_path / "compiles").unlink()

        wait_until(site.allows, "the other policy", WITHIN)
