"""What daemon.json gives to containers, services and networks counts as if it had been said, and is true of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import wait_until

from .guarded import NAME, GuardedDocker, serve
from .refusals import refusing

pytestmark = pytest.mark.e2e

ICC = "com.docker.network.bridge.enable_icc"
DAEMON_CONFIG: dict[str, Any] = {
    "log-driver": "local",
    # More files than a request may ask for: the containers of a host that wants them start all the same.
    "log-opts": {"max-size": "1m", "max-file": "1000"},
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}},
    "no-new-privileges": True,
    "default-shm-size": "16m",
    "default-ipc-mode": "shareable",
    "default-cgroupns-mode": "private",
    "default-network-opts": {"bridge": {ICC: "false"}},
}
OF_A_CONTAINER = [
    *("log.driver", "log.options", "noNewPrivileges", "limits.shmSize", "limits.shmShare", "ulimits[0]"),
    *("namespaces.ipc", "namespaces.cgroup"),
]
SHOW = "ulimit -Sn; ulimit -Hn; grep NoNewPrivs /proc/self/status; df -k /dev/shm | tail -1 | awk '{print $2}'"
CGROUP_V1 = not Path("/sys/fs/cgroup/cgroup.controllers").exists()


@pytest.fixture
def docker(own_docker: GuardedDocker) -> Iterator[GuardedDocker]:
    """Each test finds neither container nor service of another."""
    yield own_docker
    own_docker.write_daemon_config({"authorization-plugins": [NAME]})
    own_docker.clear()


@pytest.fixture
def restricted(docker: GuardedDocker) -> Iterator[GuardedDocker]:
    """The same daemon under the profile restricted, which asks for what its defaults give."""
    with docker.guarded_by(serve("restricted")):
        yield docker


def test_a_container_has_the_defaults_that_the_decision_names(docker: GuardedDocker) -> None:
    before = docker.log_size()

    ran = docker.docker("run", "--name", "plain", "busybox", "sh", "-c", SHOW)

    assert ran.stdout.split() == ["1024", "2048", "NoNewPrivs:", "1", "16384"], ran.stderr
    assert docker.decision(before, "ContainerCreate")["daemonDefaults"] == OF_A_CONTAINER
    config = docker.client.ask("GET", "/containers/plain/json").json()["HostConfig"]
    assert config["LogConfig"] == {"Type": "local", "Config": DAEMON_CONFIG["log-opts"]}
    assert (config["IpcMode"], config["CgroupnsMode"], config["ShmSize"]) == ("shareable", "private", 16 << 20)


def test_the_containers_of_a_service_have_the_defaults_that_the_decision_names(docker: GuardedDocker) -> None:
    before = docker.log_size()

    created = docker.docker(
        "service", "create", "--detach", "--name", "web", "busybox", "sh", "-c", f"{SHOW}; sleep 60"
    )

    assert created.returncode == 0, created.stderr
    wait_until(lambda: "16384" in docker.docker("service", "logs", "--raw", "web").stdout, "the task said nothing")
    said = docker.docker("service", "logs", "--raw", "web").stdout.split()
    assert said == ["1024", "2048", "NoNewPrivs:", "1", "16384"]
    assert docker.decision(before, "ServiceCreate")["daemonDefaults"] == OF_A_CONTAINER[:6]
    (container,) = docker.client.ask("GET", "/containers/json").json()
    config = docker.client.ask("GET", f"/containers/{container['Id']}/json").json()["HostConfig"]
    assert config["LogConfig"] == {"Type": "local", "Config": DAEMON_CONFIG["log-opts"]}


def test_a_new_network_has_the_option_that_the_decision_names(docker: GuardedDocker) -> None:
    before = docker.log_size()

    created = docker.docker("network", "create", "--internal", "app")

    assert created.returncode == 0, created.stderr
    assert docker.client.ask("GET", "/networks/app").json()["Options"] == {ICC: "false"}
    assert docker.decision(before, "NetworkCreate")["daemonDefaults"] == ["network.interContainerCommunication"]
    docker.client.ask("DELETE", "/networks/app")


def test_an_old_client_gets_a_shareable_ipc_namespace_and_the_decision_says_so(docker: GuardedDocker) -> None:
    before = docker.log_size()

    made = docker.client.ask("POST", "/v1.39/containers/create?name=old", {"Image": "busybox", "HostConfig": {}})

    line = docker.decision(before, "ContainerCreate")
    assert "namespaces.ipc" in line["daemonDefaults"]
    if CGROUP_V1:
        assert refusing(made.message) == ["no-host-cgroup-namespace"]
    else:
        config = docker.client.ask("GET", "/containers/old/json").json()["HostConfig"]
        assert config["IpcMode"] == "shareable"


@pytest.mark.skipif(not CGROUP_V1, reason="only on cgroup v1 do old clients get the host's cgroup namespace")
def test_an_old_client_that_undoes_a_private_cgroup_namespace_is_refused_and_would_have_undone_it(
    docker: GuardedDocker,
) -> None:
    asked = ("/v1.40/containers/create?name=old", {"Image": "busybox", "HostConfig": {}})
    refused = docker.client.ask("POST", *asked)

    with docker.guarded_by([*serve("baseline"), "--mode", "audit"]):
        docker.client.ask("POST", *asked)

    assert "(the daemon's default)" in " ".join(refused.message.split())
    assert docker.client.ask("GET", "/containers/old/json").json()["HostConfig"]["CgroupnsMode"] == "host"


# In one test: for each the plugin would start twice.
UNDOING = {
    "--ulimit nofile=65536:65536": "open-files-limit",
    "--security-opt no-new-privileges=false": "keep-no-new-privileges",
    "--log-driver none": "no-log-none",
    "--cgroupns host": "no-host-cgroup-namespace",
}


def test_a_request_that_undoes_a_default_is_refused(restricted: GuardedDocker) -> None:
    plain = refusing(restricted.docker("run", "--rm", "busybox", "true").stderr)
    assert "memory-limit" in plain

    for words, rule in UNDOING.items():
        undone = restricted.docker("run", "--rm", *words.split(), "busybox", "true").stderr
        assert (rule in plain, rule in refusing(undone)) == (False, True), undone


def test_defaults_satisfy_rules_that_ask_for_something(restricted: GuardedDocker) -> None:
    plain = refusing(restricted.docker("run", "--rm", "busybox", "true").stderr)

    restricted.write_daemon_config(dict.fromkeys(DAEMON_CONFIG) | {"authorization-plugins": [NAME]})
    without = refusing(restricted.docker("run", "--rm", "busybox", "true").stderr)

    assert {"open-files-limit", "no-new-privileges"} <= set(without) - set(plain)


def test_a_default_that_breaks_a_rule_is_refused_as_a_default(docker: GuardedDocker) -> None:
    docker.write_daemon_config({"default-cgroupns-mode": "host", "authorization-plugins": [NAME]})
    before = docker.log_size()

    refused = docker.docker("run", "--rm", "busybox", "true")

    assert "(the daemon's default)" in " ".join(refused.stderr.split())
    violations = docker.decision(before, "ContainerCreate")["violations"]
    assert [v["daemonDefault"] for v in violations if v["rule"] == "no-host-cgroup-namespace"] == [True]


def test_settings_of_a_wrong_type_stop_no_container(docker: GuardedDocker) -> None:
    # What dockerd goes on adding since its start.
    of_start = {"log-opts": DAEMON_CONFIG["log-opts"]}
    content = json.dumps({"log-driver": [1], "default-ulimits": 3, **of_start})
    docker.host.path("/etc/docker/daemon.json").write_text(content)
    before = docker.log_size()

    ran = docker.docker("run", "--rm", "busybox", "true")

    assert ran.returncode == 0, ran.stderr
    assert docker.decision(before, "ContainerCreate")["daemonDefaults"] == ["log.options"]


@pytest.mark.parametrize("content", ["{", "[]"])
def test_an_invalid_daemon_json_is_never_taken_for_an_empty_one(docker: GuardedDocker, content: str) -> None:
    file = docker.host.path("/etc/docker/daemon.json")
    with docker.guarded_by(serve("baseline", "--host-root", "/")):
        good = file.read_text()
        file.write_text(content)
        refused = docker.docker("run", "--rm", "busybox", "true")
        file.write_text(good)
        docker.docker("run", "--rm", "busybox", "true")
        file.write_text(content)
        before = docker.log_size()
        docker.docker("run", "--rm", "busybox", "true")

    assert refusing(refused.stderr) == ["host-unreadable"]
    assert docker.decision(before, "ContainerCreate")["daemonDefaults"] == OF_A_CONTAINER
