"""Ownership at the doors of a real dockerd, in a swarm: nobody writes a label, and each sees what is theirs."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import started
from .doored import DooredDocker
from .engine import FOLDERS
from .refusals import refusing

pytestmark = pytest.mark.e2e

SITE = {
    "ownership": "owner",
    "operator-groups": ["ops"],
    "doors": [
        {"name": "users", "groups": ["dev", "ops"]},
        {"name": "ryuk", "operations": ["ryuk"], "owners": ["unix:alicia"]},
    ],
    "actions": {"unseen-device-nodes": "off", "unseen-buildkit": "off"},
}
ENGINES = {"26.1": None, "29.7": FOLDERS["29.7"]}
GROUPS = {"alicia": "dev", "bob": "qa", "olga": "ops"}
# For each of the two readers: OWN_ANSWERS=5000 reads ten times as many.
ANSWERS = int(os.environ.get("OWN_ANSWERS", "500"))
PAIRS = (("alicia", "bob"), ("bob", "alicia"))
SLEEP = "busybox sleep 3600"
COMPOSE = """
name: {0}
services:
  db: {{image: withvolume, init: true, command: sleep 3600, volumes: ["data:/named"], labels: {{edit: "0"}}}}
volumes: {{data: {{}}}}
"""
STACK = """
services:
  web: {image: busybox, command: sh -c "echo hello; sleep 3600", volumes: ["data:/d"], secrets: [key], configs: [conf]}
volumes: {data: {}}
secrets: {key: {file: ./held}}
configs: {conf: {file: ./held}}
"""


@pytest.fixture(scope="module", params=ENGINES)
def docker(request: pytest.FixtureRequest) -> Iterator[DooredDocker]:
    with started(DooredDocker(SITE, engine=ENGINES[request.param], swarm=True)) as doored:
        for group in {*GROUPS.values()}:
            doored.do(f"groupadd -f {group}")
        for user, group in GROUPS.items():
            doored.do(f"id {user} 2>/dev/null || useradd -m {user}; usermod -aG {group} {user}")
        doored.do(
            "printf 'FROM busybox\\nVOLUME /data\\n' | DOCKER_BUILDKIT=0 " + by("olga", "build -q -t withvolume -")
        )
        yield doored


def by(user: str, words: str, program: str = "docker") -> str:
    return f"setpriv --reuid={user} --regid={user} --init-groups env HOME=/home/{user} {program} {words}"


def names(docker: DooredDocker, user: str, words: str) -> set[str]:
    return {*docker.do(by(user, words)).split()}


def test_docker_run_needs_no_label(docker: DooredDocker) -> None:
    mounts = "-v kept:/k -v /anonymous --mount type=volume,src=mounted,dst=/m"
    docker.do(by("alicia", f"run -d --init --name hers {mounts} {SLEEP}"))
    docker.do(by("alicia", "run --rm --volume-driver local -v name:/x busybox touch /x/y"))
    docker.do(by("bob", f"run -d --init --name his {SLEEP}"))
    docker.do(by("alicia", "network create hernet"))
    docker.do(by("alicia", "volume create hervolume"))

    shown = json.loads(docker.do(by("olga", "inspect hers")))[0]
    assert shown["Config"]["Labels"]["owner"] == "unix:alicia"
    volumes = docker.do(by("olga", "volume ls -q --filter label=owner=unix:alicia")).split()
    assert {*volumes} == {"kept", "mounted", "name", "hervolume"}

    for user, own, other in (("alicia", "hers", "his"), ("bob", "his", "hers")):
        assert names(docker, user, "ps -a --format {{.Names}}") == {own}
        assert names(docker, user, "ps -l --format {{.Names}}") == {own}
        docker.do(by(user, f"exec {own} true"))
        assert refusing(docker.shell(by(user, f"exec {other} true")).stderr)
    assert {"hers", "his"} <= names(docker, "olga", "ps -a --format {{.Names}}")
    anonymous = json.loads(docker.do(by("alicia", "inspect hers")))[0]["Mounts"]
    (unnamed,) = [one["Name"] for one in anonymous if one["Destination"] == "/anonymous"]
    assert names(docker, "alicia", "volume ls -q") == {"kept", "mounted", "name", "hervolume", unnamed}
    assert names(docker, "bob", "volume ls -q") == set()
    assert names(docker, "alicia", "network ls --format {{.Name}}") == {"bridge", "host", "none", "hernet"}
    assert names(docker, "bob", "network ls --format {{.Name}}") == {"bridge", "host", "none"}
    # Both are on the bridge.
    for user, own in (("alicia", "hers"), ("bob", "his")):
        on_bridge = json.loads(docker.do(by(user, "network inspect bridge")))[0]["Containers"]
        assert [one["Name"] for one in on_bridge.values()] == [own]
    docker.do(by("olga", f"run -d --init --name operators --link his:db {SLEEP}"))
    assert names(docker, "bob", "ps --no-trunc --format {{.Names}}") == {"his"}
    docker.do(by("olga", "rm -f operators"))
    usage = docker.do(by("bob", "system df -v --format '{{json .}}'"))
    assert "his" in usage
    assert "hers" not in usage
    assert "kept" not in usage
    assert "withvolume" in usage
    docker.do(by("alicia", f"run --rm --volumes-from hers {SLEEP.replace('3600', '0')}"))
    docker.do(by("alicia", "rm -f -v hers"))
    docker.do(by("bob", "rm -f his"))
    docker.do(by("alicia", "volume rm kept mounted name hervolume"))
    docker.do(by("alicia", "network rm hernet"))


def test_a_network_made_anew_by_another_is_not_joined_at_a_start(docker: DooredDocker) -> None:
    """dockerd looks for it by its name when a container first starts."""
    docker.do(by("bob", "network create between"))
    docker.do(by("bob", "create --name late --network between busybox true"))
    docker.do(by("bob", "network rm between"))
    assert refusing(docker.shell(by("bob", "start late")).stderr) == ["own-objects-only"]
    docker.do(by("alicia", "network create between"))
    assert refusing(docker.shell(by("bob", "start late")).stderr) == ["own-objects-only"]

    docker.do(by("alicia", "network rm between"))
    docker.do(by("bob", "network create between"))
    docker.do(by("bob", "start -a late"))
    docker.do(by("bob", "rm late"))
    docker.do(by("bob", "network rm between"))


def test_compose_goes_up_twice_and_down(docker: DooredDocker) -> None:
    for user in ("alicia", "bob"):
        folder = f"/srv/{user}-shop"
        docker.do(f"mkdir -p {folder}")
        file = docker.host.path(f"{folder}/compose.yaml")
        compose = by(user, f"compose --project-directory {folder}")
        file.write_text(COMPOSE.format(f"{user}-shop"))
        docker.do(f"{compose} up -d", 100)
        docker.do(f"{compose} exec -T db touch /data/kept")
        file.write_text(COMPOSE.format(f"{user}-shop").replace('"0"', '"1"'))
        docker.do(f"{compose} up -d", 100)
        docker.do(f"{compose} exec -T db test -e /data/kept")
        docker.do(f"{compose} run --rm db true", 100)

    for user in ("alicia", "bob"):
        compose = by(user, f"compose --project-directory /srv/{user}-shop")
        assert names(docker, user, "ps --format {{.Names}}") == {f"{user}-shop-db-1"}
        assert "shop" in docker.do(f"{compose} ls -q")
        docker.do(f"{compose} down -v -t 1", 100)
        assert names(docker, user, "ps -aq") == set()


def test_a_stack_is_deployed_twice(docker: DooredDocker) -> None:
    docker.do("mkdir -p /srv/stack && printf x >/srv/stack/held")
    docker.host.path("/srv/stack/compose.yaml").write_text('version: "3.8"\n' + STACK)
    deploy = by("alicia", "stack deploy -c compose.yaml --resolve-image never --detach=true shop")
    deploy = deploy.replace(" --detach=true", "" if docker.engine is None else " --detach=true")
    for _ in range(2):
        docker.do(deploy, 100, cwd="/srv/stack")
    docker.do(f"until {by('alicia', 'service logs shop_web')} | grep hello; do sleep 0.5; done", 60)
    version = docker.do(by("olga", "service inspect -f '{{.Version.Index}} {{.Spec.Labels.owner}}' shop_web")).split()
    assert version[1] == "unix:alicia"
    # By an operator it stays hers, and its tasks go on.
    docker.do(deploy.replace("alicia", "olga"), 100, cwd="/srv/stack")
    assert docker.do(by("olga", "service inspect -f '{{.Spec.Labels.owner}}' shop_web")).strip() == "unix:alicia"
    tasks = docker.do(by("olga", "service ps -q shop_web")).split()
    assert len(tasks) == 1

    for user, sees in (("alicia", 1), ("bob", 0), ("olga", 1)):
        for words in ("service ls -q", "secret ls -q", "config ls -q", "ps -q --filter name=shop_web"):
            assert len(names(docker, user, words)) == sees, (user, words)
        tasks_seen = docker.do(by(user, "--unix-socket /run/docker.sock -s http://d/tasks", "curl"))
        assert len(json.loads(tasks_seen)) == sees
    container = docker.do(by("alicia", "ps -q --filter name=shop_web")).strip()
    docker.do(by("alicia", f"exec {container} true"))
    docker.do(by("alicia", "stack rm shop"), 60)
    assert names(docker, "alicia", "service ls -q") == set()
    docker.do(f"until {by('alicia', 'volume rm shop_data')}; do sleep 0.5; done", 60)


def test_events_show_what_is_ones_own(docker: DooredDocker) -> None:
    docker.do("rm -f /srv/*.events; touch /srv/alicia.events /srv/bob.events; chmod 666 /srv/*.events")
    for user in ("alicia", "bob"):
        listen = by(user, "events --format {{.Type}}:{{.Action}}:{{.Actor.Attributes.name}}")
        docker.do(f"{listen} </dev/null >/srv/{user}.events 2>&1 & echo $! >/srv/{user}.pid")
    docker.do("sleep 1")
    docker.do(by("alicia", "run --name seen --rm busybox true"))
    docker.do(by("bob", "run --name other --rm busybox true"))
    docker.do("sleep 1; kill $(cat /srv/alicia.pid) $(cat /srv/bob.pid); true")

    seen = docker.do("cat /srv/alicia.events")
    assert "container:create:seen" in seen
    assert "other" not in seen
    assert "container:create:other" in docker.do("cat /srv/bob.events")


def test_an_image_with_a_services_label_shows_its_maker_nothing_of_others(docker: DooredDocker) -> None:
    """Containers have the labels of their image, and it is bob's: whose task it is, its name says."""
    service = docker.do(by("bob", f"service create -d --no-resolve-image --name web {SLEEP}")).strip()
    task = docker.do(f"until {by('bob', 'ps -q --filter name=web.1')} | grep .; do sleep 0.3; done", 60).strip()
    label = f"LABEL com.docker.swarm.service.id={service}"
    docker.do(f"printf 'FROM busybox\\n{label}\\n' | DOCKER_BUILDKIT=0 " + by("bob", "build -q -t base -"))
    docker.do("touch /srv/bob.events; chmod 666 /srv/bob.events")
    docker.do(f"{by('bob', 'events')} </dev/null >/srv/bob.events 2>&1 & echo $! >/srv/bob.pid; sleep 1")
    docker.do(by("alicia", "run -d --init --name hers base sleep 3600"))
    docker.do(by("alicia", "exec hers echo hush"))
    docker.do(by("bob", f"exec {task} echo seen"))
    docker.do("sleep 1; kill $(cat /srv/bob.pid); true")

    assert names(docker, "alicia", "ps --format {{.Names}}") == {"hers"}
    assert names(docker, "bob", "ps -q") == {task}
    seen = docker.do("cat /srv/bob.events")
    assert "echo seen" in seen
    assert "hers" not in seen
    docker.do(by("alicia", "rm -f hers"))
    # A commit has the labels of the task's container, too.
    docker.do(by("bob", f"commit {task} kept"))
    docker.do(by("bob", "run -d --init --name again kept sleep 3600"))
    assert names(docker, "bob", "ps --filter name=again --format {{.Names}}") == {"again"}
    docker.do(by("bob", "exec again true"))
    assert refusing(docker.shell(by("alicia", "exec again true")).stderr)
    docker.do(by("bob", "rm -f again"))
    docker.do(by("bob", "service rm web"))


def test_a_tools_door_shows_and_uses_what_its_owners_have(docker: DooredDocker) -> None:
    """Ryuk removes what its user made."""
    for user in ("alicia", "bob"):
        docker.do(by(user, f"run -d --init --name {user}s -v {user}s:/x --label session=1 {SLEEP}"))
        docker.do(by(user, f"network create --label session=1 {user}s"))

    listed = docker.at("ryuk", "ps -a --filter label=session=1 --format {{.Names}}").stdout.split()
    assert listed == ["alicias"]
    assert docker.at("ryuk", "rm -f bobs").returncode != 0
    for words in ("rm -f alicias", "network rm alicias", "volume rm alicias"):
        assert docker.at("ryuk", words).returncode == 0, words
    docker.do(by("bob", "rm -f bobs"))
    docker.do(by("bob", "network rm bobs"))
    docker.do(by("bob", "volume rm bobs"))


def test_a_policy_that_changes_counts_soon(docker: DooredDocker) -> None:
    docker.do(by("bob", f"run -d --init --name his {SLEEP}"))
    assert names(docker, "alicia", "ps --format {{.Names}}") == set()
    docker.write_json("/etc/portero/policy/site.json", {**SITE, "operators": ["unix:alicia"]})
    docker.do(f"for n in 1 2 3 4 5 6 7 8; do {by('alicia', 'ps -q')} | grep . && exit; sleep 0.25; done; exit 1")
    docker.write_json("/etc/portero/policy/site.json", SITE)
    docker.do(f"for n in 1 2 3 4 5 6 7 8; do {by('alicia', 'ps -q')} | grep . || exit 0; sleep 0.25; done; exit 1")
    docker.do("mv /run/portero/doors.json /run/portero/gone")
    assert "Whose what is cannot be read" in docker.shell(by("alicia", "ps")).stderr
    docker.do("mv /run/portero/gone /run/portero/doors.json")
    docker.do(by("bob", "rm -f his"))


def test_where_dockerd_is_not_asked_nobody_uses_what_exists(docker: DooredDocker) -> None:
    for user in ("alicia", "bob"):
        docker.do(by(user, f"run -d --init --name {user}s -v {user}s:/x {SLEEP}"))

    with docker.guarded_by(["env", "PORTERO_LOOKUPS=off", *docker._plugin_command]):
        assert names(docker, "alicia", "ps --format {{.Names}}") == {"alicias"}
        for words in ("exec bobs id", "rename bobs hers", "rm -f alicias", "run --rm -v bobs:/x busybox ls /x"):
            denied = docker.shell(by("alicia", words)).stderr
            assert "PORTERO_LOOKUPS=auto" in " ".join(denied.split()), denied
        docker.do(by("olga", "exec bobs id"))
    for user in ("alicia", "bob"):
        docker.do(by(user, f"exec {user}s true"))
        docker.do(by(user, f"rm -f {user}s"))
        docker.do(by(user, f"volume rm {user}s"))


def test_docker_py_makes_and_lists_what_is_ones_own(docker: DooredDocker) -> None:
    script = Path(__file__).with_name("own_client.py")
    docker.do(by("bob", f"create --name bobs {SLEEP}"))

    said = docker.do(f"setpriv --reuid=alicia --regid=alicia --init-groups {sys.executable} {script}")
    assert said == "hello\n['made']\n['pyvolume']\n"
    docker.do(by("bob", "rm bobs"))


def test_nothing_of_anothers_is_in_any_answer_while_objects_come_and_go(docker: DooredDocker) -> None:
    script = f"{sys.executable} {Path(__file__).with_name('own_crowd.py')}"
    makers = [("alicia", "a-of-alicia"), ("alicia", "b-of-alicia"), ("bob", "a-of-bob"), ("bob", "b-of-bob")]
    pids = " ".join(
        f"{by(user, f'make {name}', script)} >/dev/null 2>&1 </dev/null & echo $!;" for user, name in makers
    )
    started_pids = docker.do(f"({pids})").split()
    try:
        reads = " & ".join(f"{by(user, f'read {ANSWERS} of-{user} of-{other}', script)}" for user, other in PAIRS)
        answers = [json.loads(line) for line in docker.do(f"({reads} & wait)", 90 + ANSWERS).splitlines()]
    finally:
        docker.do(f"kill {' '.join(started_pids)}")

    print("lists:", answers)
    assert len(answers) == len(PAIRS)
    for answer in answers:
        assert answer["wrong"] == []
        assert answer["failed"] == []
        assert answer["own"] > answer["count"] / 20
