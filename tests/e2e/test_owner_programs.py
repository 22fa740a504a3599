"""Copies that make Docker 24 to 27 run a container's getent as root of the host (docker-facts 9.13)."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest

from tests.waiting import wait_until

from .conftest import BOTH_ENGINES
from .guarded import GuardedDocker, stub
from .images import archive
from .rawhttp import exchange, render
from .refusals import refusing

pytestmark = [pytest.mark.e2e, BOTH_ENGINES]
DAEMON_CONFIG = {"debug": True}
RULE = "no-owner-programs"
GETENT = r"#!/bin/sh\nid -u > /ran\necho nobody:x:99:99::/:/bin/sh\n"
# dockerd reads a form, and plugins are shown the last of two types.
HIDDEN = (("Content-Type", "application/x-www-form-urlencoded"), ("Content-Type", "application/x-tar"))
FORM = b"copyUIDGID=1"


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> GuardedDocker:
    own_docker.do(f"printf '{GETENT}' > /srv/getent; chmod 755 /srv/getent; date > /srv/file")
    own_docker.do(
        "docker create --name maker busybox && docker cp /srv/getent maker:/bin/ && docker commit maker armed"
    )
    return own_docker


@pytest.fixture(scope="module")
def is_affected(docker: GuardedDocker) -> bool:
    return int(docker.client.get("/version")["Version"].split(".")[0]) in range(24, 28)


@pytest.fixture(autouse=True)
def containers(docker: GuardedDocker) -> Iterator[None]:
    docker.do("docker create --name asuser -u 4711 armed && docker create --name web armed")
    yield
    docker.do("docker ps -aq | xargs docker rm -f")


def has_run(docker: GuardedDocker, name: str) -> bool:
    return docker.client.ask("GET", f"/containers/{name}/archive?path=/ran").status == 200


def copy_hidden(docker: GuardedDocker, name: str) -> str:
    """Copy nothing, with a form that no plugin sees."""
    target = f"/containers/{name}/archive?path=/bin"
    return exchange(docker.socket, render("PUT", target, HIDDEN, FORM, chunked=True)).message


@contextmanager
def stalled(docker: GuardedDocker, name: str) -> Iterator[None]:
    """The same, with a form that ends with the block."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(docker.socket))
        before = docker.daemon_log().count("AuthZ request using plugin")
        head = render("PUT", f"/containers/{name}/archive?path=/bin", HIDDEN, b"x=1&", chunked=True)
        connection.sendall(head.removesuffix(b"0\r\n\r\n"))
        wait_until(lambda: docker.daemon_log().count("AuthZ request using plugin") > before, "the plugin is not asked")
        yield
        connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(FORM), FORM))
        answer = HTTPResponse(connection)
        answer.begin()


def test_9_13_for_a_copy_dockerd_runs_a_program_of_the_container(docker: GuardedDocker, *, is_affected: bool) -> None:
    with docker.guarded_by(stub("allow")):
        docker.do("docker create --name hidden -u 4711 armed; docker cp -a /srv/file web:/bin/")
        docker.shell("docker cp -a /srv/file asuser:/bin/")
        copy_hidden(docker, "hidden")
        assert [has_run(docker, name) for name in ("web", "asuser", "hidden")] == [False, is_affected, is_affected]

        docker.do("docker create --name swapped -u 4711 armed")
        with stalled(docker, "web"):
            docker.do("docker rename web other && docker rename swapped web")
        assert has_run(docker, "web") is is_affected


@pytest.mark.parametrize("name", ["asuser", "db"])
def test_nothing_is_copied_where_a_user_is_or_can_come_to_be(
    docker: GuardedDocker, name: str, *, is_affected: bool
) -> None:
    docker.shell(f"docker create --name {name} armed")
    id = docker.client.get(f"/containers/{name}/json")["Id"]
    for command in (f"docker cp -a /srv/file {name}:/bin/", f"docker cp /srv/file {name}:/bin/"):
        assert refusing(docker.shell(command).stderr) == ([RULE] if is_affected else [])
    assert (RULE in copy_hidden(docker, name)) is is_affected
    assert not has_run(docker, id)
    by_id = docker.shell(f"docker cp -a /srv/file {id[:12]}:/bin/")
    assert refusing(by_id.stderr) == ([RULE] if name == "asuser" and is_affected else [])


def test_people_go_on_copying(docker: GuardedDocker) -> None:
    docker.do("docker run -d --name runs -u 4711 busybox sleep 1000")
    with docker.nothing_refused():
        docker.do("docker cp -a /srv/file web:/bin/; docker cp /srv/file web:/; docker cp web:/bin/getent - > /srv/tar")
        docker.do("docker run -d --name cage busybox sleep 1000; docker cp /srv/file cage:/; docker rename web web2")
        docker.do("tar -C /srv -c file | docker exec -i -u 0 runs tar -x -C / && docker exec runs cat /file")
        docker.do("docker rm web2; docker run --name web busybox true")


def test_a_name_is_given_to_no_other_container_while_something_is_copied_to_it(
    docker: GuardedDocker, *, is_affected: bool
) -> None:
    with stalled(docker, "web"):
        docker.do("docker rename web other")
        for command in ("docker rename asuser web", "docker create --name web -u 4711 armed"):
            done = docker.shell(command)
            assert refusing(done.stderr) == ([RULE] if is_affected else [])
            docker.shell("docker rm -f $(docker ps -aqf name=^web$)")
    docker.do("docker create --name web -u 4711 armed")
    assert not has_run(docker, "web")


def test_no_task_gets_a_name_that_something_is_copied_to(docker: GuardedDocker, *, is_affected: bool) -> None:
    """The task waits for room, and its container has its ID in its name."""
    try:
        docker.do("docker service create -d --name full --stop-grace-period 1s --reserve-cpu $(nproc) armed sleep 600")
        wait_until(lambda: docker.do("docker ps -qf name=full"), "no task runs")
        docker.do("docker service create -d --name late -u 4711 --reserve-cpu 1 armed sleep 600")
        wait_until(lambda: docker.do("docker service ps -q late"), "there is no task")
        id = docker.do("docker service ps -q --no-trunc late").strip()
        name = f"late.1.{id}"
        assert (RULE in copy_hidden(docker, name)) is is_affected
        made = docker.shell(f"docker create --name {name} armed")
        assert refusing(made.stderr) == ["no-names-like-ids"]
        docker.do("docker service rm full")
        wait_until(lambda: docker.do("docker ps -qf name=late"), "the task does not run")
        assert (RULE in copy_hidden(docker, name)) is is_affected
    finally:
        docker.do("docker service ls -q | xargs docker service rm")


def test_no_step_of_a_build_gets_a_name_that_something_is_copied_to(
    docker: GuardedDocker, *, is_affected: bool
) -> None:
    docker.do("docker create --name happy_curie armed")
    sent = archive({"Dockerfile": b"FROM armed\nUSER 4711\nRUN test -e /srv/go || sleep 3\n"})

    def build() -> str:
        target = "/build?nocache=1"
        return exchange(docker.socket, render("POST", target, [("Content-Type", "application/x-tar")], sent)).text()

    before = docker.log_size()
    with stalled(docker, "happy_curie"):
        # A build that is judged first is let through, and the copy is refused.
        wait_until(lambda: docker.decisions(before), "the copy is not judged")
        assert (RULE in build()) is is_affected
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(build)
        wait_until(lambda: "sleep 3" in docker.do("docker ps --no-trunc"), "nothing is built")
        assert (RULE in copy_hidden(docker, "happy_curie")) is is_affected
        docker.do("docker cp /srv/file web:/ && docker cp /srv/file $(docker ps -aqf name=happy_curie):/")
        assert "Successfully built" in running.result()
    docker.do("docker cp /srv/file happy_curie:/")
