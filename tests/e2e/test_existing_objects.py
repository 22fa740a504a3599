"""Objects made on an unguarded dockerd, then used through Portero: bad ones are refused, their twins work."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .conftest import BOTH_ENGINES
from .guarded import GuardedDocker, serve
from .rawhttp import Answer
from .refusals import refusing

pytestmark = [pytest.mark.e2e, BOTH_ENGINES]

NARROW = serve("baseline", "--host-root", "/", "--threads", "1")
# What was made before, and what ends or shows a bad container. Its uses, with their twins: test_existing_corpus.py.
OLD: Any = json.loads(Path(__file__).with_name("existing-objects.json").read_text())


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> GuardedDocker:
    """A guarded daemon on which all of this was made before."""
    own_docker.unguard()
    own_docker.shell("touch /srv/data/file; ln -s /etc /srv/link")
    for command in OLD["made"]:
        own_docker.do(command)
    own_docker.guard()
    return own_docker


@pytest.mark.parametrize("name", ["pids", "binds", "linked", "heir", "user", "spies", "spied-before", "connected"])
def test_what_opens_the_host_does_not_start(docker: GuardedDocker, name: str) -> None:
    done = docker.shell(f"docker start {name}")

    assert refusing(done.stderr) == ["existing-container"], done.stderr


def test_a_look_at_a_file_makes_no_folder_where_a_link_leads_meanwhile(docker: GuardedDocker) -> None:
    look = "/containers/missing/archive?path=/etc"
    assert docker.client.ask("HEAD", look).status == 200
    # dockerd makes missing sources for each look.
    docker.do("rmdir /srv/gone/x/y /srv/gone/x /srv/gone && ln -s /etc /srv/gone")
    before = docker.log_size()

    assert docker.client.ask("HEAD", look).status == 403
    (violation,) = docker.decision(before, "ContainerArchiveInfo")["violations"]
    assert (violation["rule"], violation["at"]) == ("existing-container", "path.id")
    assert docker.shell("ls /etc/x").returncode != 0
    docker.do("rm /srv/gone")


@pytest.mark.parametrize("name", ["child", "calm", "away", "freed"])
def test_old_harmless_containers_start(docker: GuardedDocker, name: str) -> None:
    docker.do(f"docker start {name}")


def test_own_lookups_are_in_no_log(docker: GuardedDocker) -> None:
    since = docker.log_size()
    docker.shell("docker start priv plain; docker run --rm -v data:/x busybox true")

    asked = {line["operation"] for line in docker.decisions(since)}
    assert "ContainerStart" in asked
    assert not asked & {"ContainerInspect", "VolumeInspect", "SystemInfo"}


def test_sixty_uses_at_once_are_judged(docker: GuardedDocker) -> None:
    def rename(number: int) -> Answer:
        return docker.client.ask("POST", f"/containers/{'priv' if number % 2 else 'plain'}/exec", {"Cmd": ["true"]})

    docker.shell("docker start plain")
    with docker.guarded_by(NARROW), ThreadPoolExecutor(60) as pool:
        began = time.monotonic()
        answers = list(pool.map(rename, range(60)))
        took = time.monotonic() - began

    assert [answer.status for answer in answers] == [201, 403] * 30
    assert {rule for answer in answers[1::2] for rule in refusing(answer.message)} == {"existing-container"}
    assert took < 20


def test_without_lookups_old_containers_are_used_as_before(docker: GuardedDocker) -> None:
    with docker.guarded_by(["env", "PORTERO_LOOKUPS=off", *serve("baseline")]):
        docker.do("docker pause priv && docker unpause priv && docker exec priv true")


@pytest.mark.parametrize("end", OLD["ends"])
def test_ending_a_bad_container_always_works(docker: GuardedDocker, end: str) -> None:
    docker.do(end.format("priv"))


def test_a_bad_container_and_a_bad_volume_can_be_removed(docker: GuardedDocker) -> None:
    docker.do("docker rm -f priv user && docker volume rm evil")


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (
            "mv /srv/app/conf /srv/app/kept; ln -s /etc /srv/app/conf",
            "rm /srv/app/conf; mv /srv/app/kept /srv/app/conf",
        ),
        ("mount --bind /etc /srv/app/conf", "umount /srv/app/conf"),
    ],
)
def test_a_container_that_started_before_is_judged_by_the_host_of_now(
    docker: GuardedDocker, change: str, back: str
) -> None:
    docker.do("mkdir -p /srv/app/conf; docker create --name often -v /srv/app/conf:/x:ro busybox true")
    for _ in range(3):
        docker.do("docker start -a often")
    docker.do(change)
    refused = docker.shell("docker start often").stderr
    docker.do(back)

    assert refusing(refused) == ["existing-container"], refused
    assert "protected-paths (HostConfig.Binds[0])" in " ".join(refused.split())
    docker.do("docker start -a often; docker rm -f often")


def test_a_start_looks_up_networks_by_the_id_that_an_earlier_one_left(docker: GuardedDocker) -> None:
    shown = "docker inspect -f '{{(index .NetworkSettings.Networks \"short\").NetworkID}}' named-once"
    docker.do("docker network create short && docker create --name named-once --network short busybox true")
    assert docker.shell(shown).stdout == "\n"
    # Before it was on the network its name counts.
    docker.do("docker network rm short && docker network create short && docker start -a named-once")
    id = docker.shell(shown).stdout
    docker.do("docker start -a named-once")
    assert docker.shell(shown).stdout == id != "\n"

    docker.do("docker network rm short && docker network create short")
    assert "not found" in docker.docker("start", "named-once").stderr
    docker.do("docker network disconnect -f short named-once && docker start -a named-once")
    assert docker.shell("docker inspect -f '{{len .NetworkSettings.Networks}}' named-once").stdout == "0\n"
