"""The daemon that asks: its data lies anywhere, and what other processes are called changes nothing."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import wait_until

from .guarded import GuardedDocker, serve
from .rawhttp import Answer, Client
from .refusals import refusing

pytestmark = pytest.mark.e2e

DATA_ROOT = "/srv/moved/docker"
DAEMON_CONFIG = {"data-root": DATA_ROOT}
# It listens at each path and never answers.
LISTEN = """
import socket, sys, time
held = [socket.socket(socket.AF_UNIX) for _ in sys.argv[1:]]
for s, path in zip(held, sys.argv[1:]): s.bind(path); s.listen()
time.sleep(600)
"""


@pytest.fixture
def docker(own_docker: GuardedDocker) -> GuardedDocker:
    """A daemon whose data root is named in daemon.json."""
    return own_docker


@contextmanager
def listening(
    docker: GuardedDocker, path: str, *before: str, program: str = "python3", more: tuple[str, ...] = ()
) -> Iterator[None]:
    """A process of the host that listens at a path, and at more; `before`: what starts it, such as setpriv."""
    log = docker.host.folder / "listener.log"
    started = docker.host.start([*before, program, "-c", LISTEN, *more, path], log)
    try:
        wait_until(docker.host.path(path).exists, f"nothing listens at {path}: {log.read_text()}")
        # A plugin that starts lists all sockets before its first answer about a path.
        docker.replace_plugin(serve("baseline"))
        yield
    finally:
        docker.shell(f"pkill -KILL -f '[s]ocket.AF_UNIX.*{path}' ; rm -f {path} {' '.join(more)}")
        started.wait(10)


def bind(client: Client, source: str) -> Answer:
    return client.ask("POST", "/containers/create", {"Image": "busybox", "HostConfig": {"Binds": [source]}})


def join(docker: GuardedDocker, target: str) -> Answer:
    task: dict[str, Any] = {"ContainerSpec": {"Image": "busybox", "Args": ["true"]}, "Networks": [{"Target": target}]}
    return docker.client.ask("POST", "/services/create", {"Name": f"s-{target[:20]}", "TaskTemplate": task})


@pytest.mark.parametrize(
    "source",
    [
        *(f"{DATA_ROOT}:/x:ro", f"{DATA_ROOT}/volumes/secrets/_data:/x:ro", f"{DATA_ROOT}/overlay2:/x"),
        *("/srv/moved:/x:ro", "/srv/link/volumes:/x:ro"),
    ],
)
def test_the_data_of_other_containers_is_not_mounted_wherever_it_lies(docker: GuardedDocker, source: str) -> None:
    docker.shell(f"ln -sfn {DATA_ROOT} /srv/link; docker volume create secrets")
    mounts = [{"Type": "bind", "Source": source.partition(":")[0], "Target": "/x", "ReadOnly": True}]
    service = {"Name": "data", "TaskTemplate": {"ContainerSpec": {"Image": "busybox", "Mounts": mounts}}}

    assert "docker-data" in refusing(bind(docker.client, source).message)
    assert "docker-data" in refusing(docker.client.ask("POST", "/services/create", service).message)


def test_folders_beside_it_and_named_volumes_are_mounted(docker: GuardedDocker) -> None:
    assert bind(docker.client, "/srv/data:/x:ro").status == 201
    ran = docker.docker("run", "--rm", "-v", "plain:/x", "busybox", "sh", "-c", "echo yes > /x/y; cat /x/y")
    assert ran.stdout == "yes\n", ran.stderr


def test_a_socket_of_root_deep_below_a_folder_is_held_and_one_of_a_user_is_reported(docker: GuardedDocker) -> None:
    docker.shell("mkdir -p /srv/app/a/b; chmod -R a+rwX /srv/app/a")
    with listening(docker, "/srv/app/a/b/root"):
        assert refusing(bind(docker.client, "/srv/app:/x:ro").message) == ["no-daemon-sockets"]

    with listening(docker, "/srv/app/a/b/user", "setpriv", "--reuid=1000", "--clear-groups"):
        before = docker.log_size()
        assert bind(docker.client, "/srv/app:/x:ro").status == 201
        line = docker.decision(before, "ContainerCreate")
    assert "no-user-sockets" in [violation["rule"] for violation in line["violations"]]


def test_a_service_of_root_in_a_pid_namespace_of_its_own_is_no_container(docker: GuardedDocker) -> None:
    """As systemd starts one with PrivatePIDs=yes."""
    docker.shell("mkdir -p /media; ln -sf $(readlink -f $(which python3)) /srv/dockerd")
    start = ("unshare", "--pid", "--fork", "--kill-child")
    with listening(docker, "/media/any", *start, program="/srv/dockerd"):
        assert refusing(bind(docker.client, "/media:/x:ro").message) == ["no-daemon-sockets"]


@pytest.mark.parametrize("name", ["podman", "dockerd", "containerd"])
def test_a_program_with_the_name_of_a_daemon_changes_no_lookup(docker: GuardedDocker, name: str) -> None:
    docker.shell(f"mkdir -p /srv/names; ln -sf $(readlink -f $(which python3)) /srv/names/{name}")
    made = docker.client.ask("POST", "/networks/create", {"Name": f"n-{name}"}).json()["Id"]
    host = docker.client.ask("GET", "/networks/host").json()["Id"]
    nobody = ("setpriv", "--reuid=65534", "--clear-groups")
    docker.shell("mkdir -p /srv/open; chmod 777 /srv/open")
    with listening(docker, f"/srv/open/{name}", *nobody, program=f"/srv/names/{name}"):
        ran = docker.docker("run", "--rm", "--network", made, "busybox", "true")
        refused = join(docker, host)

    assert ran.returncode == 0, ran.stderr
    assert "no-host-network" in refusing(refused.message)


def test_a_containerd_that_started_after_dockerd_changes_no_lookup(docker: GuardedDocker) -> None:
    pid_file = "/run/docker/containerd/containerd.pid"
    before = docker.shell(f"cat {pid_file}").stdout
    made = docker.client.ask("POST", "/networks/create", {"Name": "n-restarted"}).json()["Id"]
    host = docker.client.ask("GET", "/networks/host").json()["Id"]

    docker.shell(f"kill -KILL {before}")
    wait_until(lambda: docker.shell(f"cat {pid_file}").stdout not in ("", before), "dockerd started no containerd")
    runs = f"docker run --rm --network {made} busybox true"
    wait_until(lambda: docker.shell(runs).returncode == 0, "no container ran")

    assert "no-host-network" in refusing(join(docker, host).message)


def test_sockets_that_never_answer_delay_no_service(docker: GuardedDocker) -> None:
    docker.shell("mkdir -p /srv/names; ln -sf $(readlink -f $(which python3)) /srv/names/dockerd")
    made = docker.client.ask("POST", "/networks/create", {"Name": "quick", "Driver": "overlay"}).json()["Id"]
    paths = tuple(f"/srv/names/{number}" for number in range(6))
    with listening(docker, "/srv/names/last", program="/srv/names/dockerd", more=paths):
        began = time.monotonic()
        joined = join(docker, made)
        took = time.monotonic() - began

    assert refusing(joined.message) == []
    assert took < 2


@pytest.mark.parametrize("scope", ["local", "swarm"])
@pytest.mark.parametrize("length", [1, 4, 25])
@pytest.mark.parametrize("named", [False, True], ids=["nothing", "a network"])
def test_a_beginning_of_the_id_of_the_hosts_network_is_that_network_whatever_has_that_name(
    docker: GuardedDocker, scope: str, length: int, named: bool
) -> None:
    beginning = docker.client.ask("GET", f"/networks/host?scope={scope}").json()["Id"][:length]
    if named:
        docker.client.ask("POST", "/networks/create", {"Name": beginning, "Driver": "overlay"})

    # Of several networks that begin so dockerd shows none, and which one it takes a moment later is not known.
    are_several = docker.client.ask("GET", f"/networks/{beginning}").status == HTTPStatus.BAD_REQUEST
    rule = "name-ambiguous" if are_several else "no-host-network"
    assert rule in refusing(join(docker, beginning).message)


def _find_shared(ids: Iterable[str]) -> str:
    """A digit with which several of them begin."""
    (digit, _), *_ = Counter(id[0] for id in ids).most_common()
    return digit


def test_a_name_that_cannot_be_looked_up_is_refused_for_that(docker: GuardedDocker) -> None:
    ask = docker.client.ask
    for number in range(17):
        body = {"Image": "busybox", "Cmd": ["true"], "HostConfig": {"NetworkMode": "none"}}
        assert ask("POST", f"/containers/create?name=one-of-{number}", body).status == HTTPStatus.CREATED
    shared = _find_shared(each["Id"] for each in ask("GET", "/containers/json?all=1").json())
    assert refusing(ask("POST", f"/containers/{shared}/start").message) == ["name-ambiguous"]
    assert ask("POST", "/containers/one-of-0/start").status == HTTPStatus.NO_CONTENT

    for name, rules in (("a//b", ["network-name"]), ("a/b", [])):
        assert ask("POST", "/networks/create", {"Name": name, "Internal": True}).status == HTTPStatus.CREATED
        joins = {"Image": "busybox", "HostConfig": {"NetworkMode": name}}
        assert refusing(ask("POST", "/containers/create", joins).message) == rules


def test_a_network_of_that_name_that_goes_away_meanwhile_opens_no_way_in_sixty_tries(docker: GuardedDocker) -> None:
    """Without the guard dockerd often completes the beginning, once the network is gone."""
    beginning = docker.client.ask("GET", "/networks/host").json()["Id"][:6]
    answers, removals = [], []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(60):
            docker.client.ask("POST", "/networks/create", {"Name": beginning, "Driver": "overlay"})
            joined = pool.submit(join, docker, beginning)
            removed = pool.submit(docker.client.ask, "DELETE", f"/networks/{beginning}")
            answers.append(joined.result())
            removals.append(removed.result().status)

    assert [answer for answer in answers if "no-host-network" not in refusing(answer.message)] == []
    assert removals.count(204) > 30


def test_a_service_joins_a_network_by_its_name_and_by_its_id(docker: GuardedDocker) -> None:
    made = docker.client.ask("POST", "/networks/create", {"Name": "mine", "Driver": "overlay"}).json()["Id"]

    assert [refusing(join(docker, target).message) for target in ("mine", made)] == [[], []]


SECOND = "/run/second.sock"
# What the defaults on its command line violate.
DEFAULTS = ["no-host-cgroup-namespace", "seccomp-profile"]
CONTAINERD = "/srv/second-c.sock"
CONTAINERD_CONFIG = Path(__file__).with_name("second-containerd.toml").read_text()


@pytest.fixture
def second(docker: GuardedDocker) -> Iterator[Client]:
    """Another dockerd of the same host, guarded by the same plugin, with a daemon.json and a containerd of its own."""
    docker.host.path("/srv/second-c.toml").write_text(CONTAINERD_CONFIG)
    config = {"authorization-plugins": ["portero"], "data-root": "/srv/second-data"}
    docker.write_json("/srv/second.json", config)
    paths = ("--config-file=/srv/second.json", "--exec-root=/run/second", "--pidfile=/run/second.pid")
    flags = (*paths, "--default-cgroupns-mode=host", "--seccomp-profile=unconfined", f"--containerd={CONTAINERD}")
    dockerd = ["dockerd", *flags, f"-H=unix://{SECOND}", "--bridge=none", "--iptables=false", "--ip6tables=false"]
    containerd = ["containerd", "-c", "/srv/second-c.toml"]
    version = f"docker -H unix://{SECOND} version"
    with (
        docker.host.running("second-containerd", containerd, docker.host.path(CONTAINERD).exists),
        docker.host.running("second-dockerd", dockerd, lambda: docker.shell(version).returncode == 0),
    ):
        yield Client(docker.host.path(SECOND))


def test_each_of_two_daemons_is_judged_by_its_own_files_and_flags(docker: GuardedDocker, second: Client) -> None:
    body = {"Image": "busybox", "HostConfig": {"LogConfig": {}}}

    assert refusing(second.ask("POST", "/containers/create", body).message) == DEFAULTS
    assert "docker-data" in refusing(bind(second, "/srv/second-data/volumes:/x:ro").message)
    assert refusing(docker.client.ask("POST", "/containers/create", body).message) == []


def test_the_data_of_each_and_of_its_containerd_is_mounted_by_none(docker: GuardedDocker, second: Client) -> None:
    # A plugin that starts finds all daemons before its first answer.
    docker.replace_plugin(serve("baseline"))
    for source in ("/srv/second-c", "/srv/second-c/root/x", "/srv/second-data/volumes"):
        answers = [bind(client, f"{source}:/x:ro") for client in (docker.client, second)]

        assert [refusing(answer.message) for answer in answers] == [["docker-data"], ["docker-data", *DEFAULTS]], source


def test_the_state_and_the_configuration_of_containerd_are_no_data(second: Client) -> None:
    for source in ("/srv/second-c-state", "/srv/second-c.toml"):
        assert refusing(bind(second, f"{source}:/x:ro").message) == sorted([*DEFAULTS, "protected-paths"])
    assert refusing(bind(second, "/srv/second:/x:ro").message) == DEFAULTS
