"""Volumes and tasks of others at a real dockerd: what is labelled as another's, or made on the way, opens to nobody."""

import sys
from collections.abc import Iterator

import pytest

from .conftest import OWN_ALONE, started
from .engine import FOLDERS
from .guarded import GuardedDocker, serve
from .refusals import refusing

pytestmark = pytest.mark.e2e

POLICY = "/etc/portero/policy"
SITE = {
    "token-issuers": [{"issuer": "portero", "keys": "own.pem", "lifetime": 28800}],
    "ownership": "owner",
    "operator-groups": ["ops"],
    "actions": {"unseen-device-nodes": "off", "unseen-buildkit": "off"},
}
PORTERO = f"{sys.executable} -m portero"
USERS = {"alicia": "dev", "bob": "dev", "olga": "ops"}
ENGINES = {"26.1": None, "29.7": FOLDERS["29.7"]}
SLEEP = "busybox sleep 3600"


@pytest.fixture(scope="module", params=["26.1"] if OWN_ALONE else ENGINES)
def docker(request: pytest.FixtureRequest) -> Iterator[GuardedDocker]:
    with started(GuardedDocker(swarm=True, engine=ENGINES[request.param])) as guarded:
        guarded.do(f"mkdir -p {POLICY}/keys && {PORTERO} keygen /etc/portero/tokens")
        guarded.do(f"cp /etc/portero/tokens.pub {POLICY}/keys/own.pem")
        guarded.write_json(f"{POLICY}/site.json", SITE)
        for user, group in USERS.items():
            issue = (
                f"{PORTERO} token issue --key /etc/portero/tokens --for web --user {user} --group {group} --lifetime 1h"
            )
            guarded.do(f"{issue} | {PORTERO} login --config /home/{user} --token -")
        guarded.replace_plugin(["env", "PORTERO_HOST_GROUPS=web", *serve("baseline"), "--schemas", POLICY])
        yield guarded


def by(user: str, words: str) -> str:
    return f"docker --config /home/{user} {words}"


def rules(docker: GuardedDocker, user: str, words: str) -> set[str]:
    done = docker.shell(by(user, words), timeout=100)
    assert done.returncode != 0, f"{words}: {done.stdout}"
    return {*refusing(done.stdout + done.stderr)}


def mount(name: str, owner: str = "") -> str:
    return f"--mount type=volume,src={name},dst=/v" + (f",volume-label=owner={owner}" if owner else "")


def test_nobody_makes_a_volume_on_the_way_that_another_one_then_creates(docker: GuardedDocker) -> None:
    run = f"run -d --init --name trap --label owner=alicia {{}} {SLEEP}"

    for way in (
        mount("shop_data", "bob"),
        mount("shop_data"),
        "-v shop_data:/v",
        mount("", "bob").replace("src=,", ""),
    ):
        assert rules(docker, "alicia", run.format(way)) == {"owner-label-own"}, way
    docker.do(by("bob", "volume create --label owner=bob shop_data"))
    assert rules(docker, "alicia", run.format(mount("shop_data", "alicia"))) == {"own-objects-only", "taken-volumes"}
    # What is hers: with the label, of a name that dockerd makes, and one that is there.
    docker.do(by("alicia", run.format(f"{mount('hers', 'alicia')} -v /anonymous")))
    docker.do(by("alicia", "exec trap touch /v/x"))
    docker.do(by("alicia", "restart -t 1 trap"))
    docker.do(
        by("alicia", f"run --rm --label owner=alicia -v hers:/v --volumes-from trap {SLEEP.replace('3600', '0')}")
    )
    docker.do(by("alicia", "rm -f -v trap"))
    docker.do(by("alicia", "volume rm hers"))


def test_who_creates_a_volume_that_exists_is_told_whose_it_is(docker: GuardedDocker) -> None:
    """With 201 Docker would give it back, to operators too."""
    docker.do(by("alicia", "volume create --label owner=alicia opsdata"))

    for user, words in (
        ("olga", "volume create --label owner=group:ops opsdata"),
        ("olga", f"run --rm {mount('opsdata', 'group:ops')} busybox true"),
    ):
        assert rules(docker, user, words) == {"taken-volumes"}, words
    assert "opsdata exists, belongs to alicia" in docker.shell(by("olga", "volume create opsdata")).stderr
    docker.do(by("alicia", "volume create --label owner=alicia opsdata"))
    docker.do(by("olga", f"run --rm -v opsdata:/v {SLEEP.replace('3600', '0')}"))
    docker.do(by("olga", "volume rm opsdata"))
    docker.do(by("olga", "volume create --label owner=group:ops opsdata"))
    docker.do(by("olga", "volume rm opsdata"))


def test_a_container_with_anothers_volume_is_stopped_and_removed_only(docker: GuardedDocker) -> None:
    """One from before, or one whose volume was made anew meanwhile."""
    docker.do(by("bob", "volume create --label owner=bob his"))
    docker.do(by("olga", f"run -d --init --name older --label owner=alicia -v his:/v {SLEEP}"))

    for words in ("exec older true", "restart -t 0 older", "cp older:/v -"):
        assert rules(docker, "alicia", words) & {"own-objects-only", "own-objects-read"}, words
    assert rules(docker, "alicia", "run --label owner=alicia --volumes-from older busybox true") == {"own-objects-only"}
    docker.do(by("alicia", "stop -t 0 older"))
    assert rules(docker, "alicia", "start older") == {"own-objects-only"}
    docker.do(by("alicia", "rm older"))


def test_tasks_of_a_service_are_their_makers(docker: GuardedDocker) -> None:
    docker.do("printf 'FROM busybox\\nLABEL owner=alicia\\n' | DOCKER_BUILDKIT=0 " + by("olga", "build -q -t shown -"))
    create = "service create -d --no-resolve-image --name web --label owner=bob {}"

    for words in (f"--container-label owner=alicia {SLEEP}", "shown sleep 3600"):
        assert rules(docker, "bob", create.format(words)) == {"owner-label-own"}, words
    own = f"--container-label owner=bob {mount('tasks', 'bob')}"
    assert rules(docker, "bob", create.format(f"{own.replace('=bob', '=alicia')} {SLEEP}")) == {"owner-label-own"}
    docker.do(by("bob", create.format(f"{own} --constraint node.labels.never==yes shown sleep 3600")))
    # The volume is not there, and its tasks would make it, or find what another one has made.
    assert rules(docker, "olga", "volume create --label owner=group:ops tasks") == {"taken-volumes"}
    assert rules(docker, "olga", "run --rm -v tasks:/v busybox true") == {"taken-volumes"}
    assert rules(docker, "bob", "service update -d --container-label-add owner=alicia web") == {"owner-label-own"}
    docker.do(by("bob", "service update -d --container-label-add shown=yes web"))
    docker.do(by("bob", "service rm web"))
    docker.do(by("olga", "volume create --label owner=group:ops tasks"))


def test_a_volume_that_a_task_to_come_mounts_by_a_template_is_taken(docker: GuardedDocker) -> None:
    named = "--mount 'type=volume,src=data-{{.Task.Slot}},dst=/v'"
    write = "busybox sh -c 'echo ops >/v/x; sleep 3600'"
    docker.do(by("olga", f"service create -d --no-resolve-image --name slots --label owner=group:ops {named} {write}"))

    assert rules(docker, "alicia", "volume create --label owner=alicia data-2") == {"taken-volumes"}
    docker.do(by("alicia", "volume create --label owner=alicia data-two"))
    docker.do(by("alicia", f"run --rm --label owner=alicia -v data-two:/v {SLEEP.replace('3600', '0')}"))
    docker.do(by("alicia", "volume rm data-two"))
    docker.do(by("olga", "service scale -d slots=2"))
    docker.do(f"until {by('olga', 'run --rm -v data-2:/v:ro busybox cat /v/x')} | grep ops; do sleep 0.5; done", 60)
    assert rules(docker, "alicia", "run --label owner=alicia -v data-2:/v busybox true") == {"own-objects-only"}
    docker.do(by("olga", "service rm slots"))


def test_an_image_does_not_give_a_container_of_operators_to_anybody(docker: GuardedDocker) -> None:
    docker.do("printf 'FROM busybox\\nLABEL owner=bob\\n' | DOCKER_BUILDKIT=0 " + by("olga", "build -q -t trojan -"))

    assert rules(docker, "olga", "run -d --init --name ops trojan sleep 3600") == {"owner-label-own"}
    for label in ("group:ops", ""):
        docker.do(by("olga", f"run -d --init --name ops --label owner={label} trojan sleep 3600"))
        assert rules(docker, "bob", "exec ops true") & {"own-objects-only", "own-objects-read"}
        docker.do(by("olga", "rm -f ops"))
    docker.do(by("bob", "run --rm --label owner=bob trojan true"))
    docker.do(by("olga", "run --rm busybox true"))


def test_a_step_of_a_classic_build_is_not_entered_by_the_maker_of_its_image(docker: GuardedDocker) -> None:
    """dockerd gives its container the labels of the image, and alicia builds: her arguments are variables there."""
    docker.do("printf 'FROM busybox\\nLABEL owner=bob\\n' | DOCKER_BUILDKIT=0 " + by("bob", "build -q -t base -"))
    docker.do("mkdir -p /srv/step && printf 'FROM base\\nRUN sleep 600\\n' >/srv/step/Dockerfile")
    docker.do(f"DOCKER_BUILDKIT=0 {by('alicia', 'build /srv/step')} </dev/null >/srv/step.log 2>&1 & true")
    step = docker.do(f"until {by('olga', 'ps -q --filter ancestor=base')} | grep .; do sleep 0.3; done", 60).strip()

    for words in (f"exec {step} true", f"inspect {step}", f"kill {step}", f"commit {step} stolen"):
        assert rules(docker, "bob", words) & {"own-objects-only", "own-objects-read"}, words
    docker.do(by("olga", f"kill {step}"))
    # Of a container of the same image it is known.
    id = docker.do(by("bob", "inspect -f {{.Id}} base")).strip()
    for image, more in (("base", "--log-driver none"), (id, "")):
        docker.do(by("bob", f"run -d --init --name his --label owner=bob {more} {image} sleep 3600"))
        docker.do(by("bob", "exec his true"))
        docker.do(by("bob", "rm -f his"))
