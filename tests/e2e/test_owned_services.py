"""Whose tasks, secrets, configs and anonymous volumes are at a real dockerd, and prunes of what is one's own."""

import re

import pytest

from .guarded import GuardedDocker
from .test_owned_volumes import SLEEP, by, docker, rules

pytestmark = pytest.mark.e2e
__all__ = ["docker"]
_ANONYMOUS = """
name: shop
networks: {default: {labels: {owner: alicia}}}
services: {db: {image: withvolume, init: true, command: sleep 3600, labels: {owner: alicia, edit: "0"}}}
"""


def _curl(docker: GuardedDocker, user: str, words: str) -> str:
    token = f'$(sed -n \'s/.*"X-Portero-Token": *"\\([^"]*\\)".*/\\1/p\' /home/{user}/config.json)'
    return docker.do(f'curl -s --unix-socket /run/docker.sock -H "X-Portero-Token: {token}" {words}')


def test_a_task_is_its_services_whatever_its_container_says(docker: GuardedDocker) -> None:
    """Made by an operator, who needs no label: bob's service, with a container that says it is alicia's."""
    labels = "--label owner=bob --container-label owner=alicia"
    create = f"service create --detach --no-resolve-image --name web {labels} {SLEEP}"
    docker.do(by("olga", create))
    listed = by("olga", "ps -q --filter label=com.docker.swarm.service.name=web")
    container = docker.do(f"until {listed} | grep .; do sleep 0.3; done").strip()
    task = docker.do(by("olga", "service ps -q --no-trunc web")).split()[0]

    for words in (f"exec {container} true", f"logs {container}", f"inspect {container}", f"inspect --type task {task}"):
        assert rules(docker, "alicia", words) & {"own-objects-only", "own-objects-read"}, words
        docker.do(by("bob", words))
    for user, denied in (("alicia", True), ("bob", False)):
        answer = _curl(docker, user, f"'http://docker/v1.45/tasks/{task}/logs?stdout=1'")
        assert ("own-objects-read" in answer) is denied
    docker.do(by("bob", "service rm web"))


@pytest.mark.parametrize("kind", ["secret", "config"])
def test_secrets_and_configs_are_their_makers(docker: GuardedDocker, kind: str) -> None:
    docker.do("printf x >/srv/held")
    docker.do(by("bob", f"{kind} create --label owner=bob his /srv/held"))
    id = docker.do(by("bob", f"{kind} inspect -f '{{{{.ID}}}}' his")).strip()

    assert rules(docker, "alicia", f"{kind} create hers /srv/held") == {"owner-label-own"}
    assert rules(docker, "alicia", f"{kind} inspect his") == {"own-objects-read"}
    assert rules(docker, "alicia", f"{kind} rm his") == {"own-objects-only"}
    body = '{"Name": "his", "Data": "eA==", "Labels": {"owner": "%s"}}'
    for user, owner, rule in (("alicia", "alicia", "own-objects-only"), ("bob", "alicia", "owner-label-own")):
        data = f"-H 'Content-Type: application/json' -d '{body % owner}'"
        assert rule in _curl(docker, user, f"{data} http://docker/v1.45/{kind}s/{id}/update?version=1"), user
    labels = "--label owner={0} --container-label owner={0}"
    create = f"service create -d --no-resolve-image --name user {labels} --{kind} his {SLEEP}"
    assert rules(docker, "alicia", create.format("alicia")) == {"own-objects-only"}
    docker.do(by("bob", create.format("bob")))
    docker.do(by("bob", "service rm user"))
    docker.do(by("bob", f"{kind} rm his"))


def test_compose_mounts_an_anonymous_volume_again(docker: GuardedDocker) -> None:
    """The one of the container before, which has no label of an owner."""
    docker.do("printf 'FROM busybox\\nVOLUME /data\\n' | DOCKER_BUILDKIT=0 " + by("olga", "build -q -t withvolume -"))
    docker.do("mkdir -p /srv/shop")
    docker.host.path("/srv/shop/compose.yaml").write_text(_ANONYMOUS)
    up = "DOCKER_CONFIG=/home/alicia docker compose --project-directory /srv/shop"
    docker.do(f"{up} up -d", 100)
    docker.do(f"{up} exec -T db touch /data/kept")
    docker.host.path("/srv/shop/compose.yaml").write_text(_ANONYMOUS.replace('"0"', '"1"'))
    docker.do(f"{up} up -d", 100)
    docker.do(f"{up} exec -T db test -e /data/kept")

    # Hers alone, and bob's not even by its name.
    docker.do(by("alicia", "run --rm --label owner=alicia --volumes-from shop-db-1 busybox test -e /data/kept"))
    name = docker.do(by("alicia", "inspect -f '{{(index .Mounts 0).Name}}' shop-db-1")).strip()
    assert re.fullmatch("[0-9a-f]{64}", name)
    assert rules(docker, "bob", f"run --label owner=bob -v {name}:/v busybox true") == {"own-objects-only"}
    assert rules(docker, "bob", f"volume inspect {name}") == {"own-objects-read"}
    docker.do(by("alicia", f"volume inspect {name}"))
    docker.do(f"{up} down -t 1", 100)
    # Nobody mounts it any more.
    assert rules(docker, "alicia", f"volume rm {name}") == {"own-objects-only"}
    docker.do(by("olga", f"volume rm {name}"))


def test_a_prune_takes_what_is_ones_own(docker: GuardedDocker) -> None:
    for user in ("alicia", "bob"):
        docker.do(by(user, f"create --name {user}s --label owner={user} busybox true"))
        docker.do(by(user, f"network create --label owner={user} {user}s"))
        docker.do(by(user, f"volume create --label owner={user} {user}s"))

    for kind in ("container", "network", "volume --all"):
        kind, _, more = kind.partition(" ")
        prune = f"{kind} prune --force {more}"
        assert rules(docker, "alicia", prune) == {"own-objects-only"}
        assert rules(docker, "alicia", f"{prune} --filter label=owner=bob") == {"own-objects-only"}
        pruned = docker.do(by("alicia", f"{prune} --filter label=owner=alicia"))
        assert "Deleted" in pruned
        assert "bobs" not in pruned
        docker.do(by("bob", f"{kind} inspect bobs"))
        docker.do(by("bob", f"{kind} rm bobs"))
