"""The plugin dies, comes back, or stays away while the daemon runs: nothing is executed unjudged."""

import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.waiting import wait_until

from .guarded import PLUGIN_SOCKET, GuardedDocker
from .rawhttp import Answer, Client

pytestmark = pytest.mark.e2e

ATTACK = {"Image": "busybox:latest", "HostConfig": {"Privileged": True}}
HARMLESS = {"Image": "busybox:latest", "Cmd": ["id"]}
# How long dockerd tries to reach a plugin (docker-facts 3.5), with room for a busy machine.
DOCKERD_TRIES = (14, 30)


@pytest.fixture
def docker(own_docker: GuardedDocker) -> Iterator[GuardedDocker]:
    """Each test finds a plugin at work and no container."""
    if own_docker.client.ask("GET", "/_ping").status != 200:
        own_docker.start_plugin()
    yield own_docker
    wait_until(lambda: own_docker.client.ask("GET", "/_ping").status == 200, "no plugin at work after the test")
    for container in own_docker.client.ask("GET", "/containers/json?all=1").json():
        own_docker.client.ask("DELETE", f"/containers/{container['Id']}?force=1")


def _create(docker: GuardedDocker, name: str, body: object) -> Answer:
    return docker.client.ask("POST", f"/containers/create?name={name}", body)


def _is_refused(attack: Answer) -> bool:
    """Whether a policy at work has refused it, and not a portero that cannot judge."""
    return attack.status == 403 and "no-privileged" in attack.message


def _exists(docker: GuardedDocker, name: str) -> bool:
    return docker.client.ask("GET", f"/containers/{name}/json").status == 200


class _Meanwhile:
    """Runs something beside the test and keeps what it gave."""

    def __init__(self, run: Callable[[], Answer]) -> None:
        self._run = run
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    def _keep(self) -> None:
        self._answer = self._run()

    def answer(self) -> Answer:
        self._thread.join()
        return self._answer


def _killed_while_asked(docker: GuardedDocker, name: str, body: object) -> Answer:
    """Send a request to a decider that holds still, kill it, and give what dockerd then answers."""
    for _ in range(5):
        docker.client.ask("GET", "/_ping")  # dockerd keeps a connection, and asks over it
    (decider,) = docker.host.children(docker.plugin_pid)
    docker.host.signal(decider, "STOP")
    request = _Meanwhile(lambda: _create(docker, name, body))
    time.sleep(0.5)
    docker.host.signal(decider, "KILL")
    return request.answer()


@pytest.mark.parametrize("attempt", range(3))
def test_an_attack_is_not_executed_when_its_decider_is_killed(docker: GuardedDocker, attempt: int) -> None:
    name = f"attack-{attempt}"

    answer = _killed_while_asked(docker, name, ATTACK)

    assert answer.status in (403, 500), answer
    assert not _exists(docker, name)


def test_a_harmless_request_is_judged_or_refused_when_the_decider_is_killed(docker: GuardedDocker) -> None:
    before = docker.log_size()

    answer = _killed_while_asked(docker, "harmless", HARMLESS)

    judged = [one for one in docker.decisions(before) if one["operation"] == "ContainerCreate" and one["allowed"]]
    assert _exists(docker, "harmless") == bool(judged)
    assert answer.status == (201 if judged else 403), answer
    assert judged or "envelope-empty" in answer.message


def test_requests_go_on_after_the_decider_was_killed(docker: GuardedDocker) -> None:
    _killed_while_asked(docker, "whoever", HARMLESS)

    assert _create(docker, "afterwards", HARMLESS).status == 201
    assert _is_refused(_create(docker, "attack-afterwards", ATTACK))


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_the_plugin_may_be_restarted_while_the_daemon_runs(docker: GuardedDocker, signal: str) -> None:
    docker.stop_plugin(signal)
    docker.start_plugin()

    started = time.monotonic()
    assert _create(docker, f"after-{signal.lower()}", HARMLESS).status == 201
    assert _is_refused(_create(docker, f"attack-after-{signal.lower()}", ATTACK))
    assert time.monotonic() - started < 5


def test_a_reload_of_the_policy_loses_no_request(docker: GuardedDocker) -> None:
    for number in range(20):
        if number == 3:
            docker.host.signal(docker.plugin_pid, "HUP")
        assert _is_refused(_create(docker, f"reload-attack-{number}", ATTACK))
        assert _create(docker, f"reload-{number}", HARMLESS).status == 201


def test_nothing_is_executed_while_the_plugin_is_away(docker: GuardedDocker) -> None:
    docker.stop_plugin()

    started = time.monotonic()
    answer = Client(docker.socket, 60).ask("POST", "/containers/create?name=unjudged", HARMLESS)
    took = time.monotonic() - started

    assert answer.status == 500
    assert "plugin portero failed with error" in answer.message
    assert DOCKERD_TRIES[0] < took < DOCKERD_TRIES[1]
    docker.start_plugin()
    assert not _exists(docker, "unjudged")


def test_a_request_waits_for_a_plugin_that_comes_back(docker: GuardedDocker) -> None:
    docker.stop_plugin()
    harmless = _Meanwhile(lambda: _create(docker, "patient", HARMLESS))
    attack = _Meanwhile(lambda: _create(docker, "attack-patient", ATTACK))
    time.sleep(2)
    docker.start_plugin()

    assert harmless.answer().status == 201
    assert _is_refused(attack.answer())


def test_what_a_client_asked_that_hung_up_is_executed(docker: GuardedDocker) -> None:
    docker.client.ask("GET", "/_ping")
    (decider,) = docker.host.children(docker.plugin_pid)
    docker.host.signal(decider, "STOP")
    answer = Client(docker.socket, 1).ask("POST", "/containers/create?name=hung-up", HARMLESS)
    docker.host.signal(decider, "CONT")

    assert answer.status == 0
    wait_until(lambda: _exists(docker, "hung-up"), "the container was not created")


# A plugin's socket whose backlog is full.
FULL = """
import pathlib, signal, socket, sys
full = socket.socket(socket.AF_UNIX)
full.bind(sys.argv[1])
full.listen(0)
waiting = socket.socket(socket.AF_UNIX)
waiting.connect(sys.argv[1])
pathlib.Path("/srv/full").touch()
signal.pause()
"""


def test_a_full_backlog_is_as_good_as_no_plugin(docker: GuardedDocker) -> None:
    docker.stop_plugin()
    docker.host.path(PLUGIN_SOCKET).unlink(missing_ok=True)
    with docker.host.running("full", [sys.executable, "-c", FULL, PLUGIN_SOCKET], docker.host.path("/srv/full").exists):
        started = time.monotonic()
        answer = Client(docker.socket, 60).ask("GET", "/containers/json")
        took = time.monotonic() - started
    docker.host.path(PLUGIN_SOCKET).unlink()
    docker.start_plugin()

    assert (answer.status, "resource temporarily unavailable" in answer.message) == (500, True), answer
    assert DOCKERD_TRIES[0] < took < DOCKERD_TRIES[1]
    assert docker.daemon_log().count("resource temporarily unavailable, retrying") == 4


def test_dockerd_does_not_start_without_its_plugin(docker: GuardedDocker) -> None:
    docker.stop_plugin()
    docker.stop_dockerd()
    started = time.monotonic()
    ended = docker.shell("dockerd --debug=false > /srv/dockerd.log 2>&1", timeout=DOCKERD_TRIES[1])
    took = time.monotonic() - started
    docker.start_plugin()
    docker.restart_dockerd()

    assert (ended.returncode, DOCKERD_TRIES[0] < took) == (1, True), docker.host.path("/srv/dockerd.log").read_text()
