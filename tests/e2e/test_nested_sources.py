"""A container swaps the source of another one: refused when the second is made, and ordinary stacks go on."""

import shlex
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tests.world.run import list_rules

from .guarded import CONTAINERS, PLUGIN_SOCKET, STATE, GuardedDocker, serve
from .refusals import refusing
from .test_exceptions import exception

pytestmark = pytest.mark.e2e

RULE = "no-sources-nested-with-containers"
SITE = "/srv/site"
COMMAND = [*serve("baseline"), "--schemas", SITE]
WRITER = "docker run -d --name writer -v /srv/media:/data busybox sleep 3600"
READER = "docker create --name reader -v /srv/media/movies:/m:ro busybox cat /m/shadow"
SWAP = "docker exec writer sh -c 'mv /data/movies /data/old; ln -s /etc /data/movies'"
ABOVE = "type=bind,source=/srv/media"
TRIES = 20


FOLDERS = {"upper": {"const": "/srv/media"}, "lower": {"const": "/srv/media/movies"}}
PAIR = {"objects": {"properties": {"nestedSources": {"contains": {"properties": FOLDERS}}}}}


@pytest.fixture(scope="module")
def host(own_docker: GuardedDocker) -> GuardedDocker:
    """A guarded daemon whose site has no exceptions at first."""
    own_docker.shell(f"mkdir -p {SITE}/exceptions; echo {{}} > {SITE}/site.json")
    own_docker.replace_plugin(COMMAND)
    return own_docker


@pytest.fixture(autouse=True)
def tidy(host: GuardedDocker) -> Iterator[None]:
    """Each test begins without containers, with /srv/media/movies."""
    host.shell("mkdir -p /srv/media/movies /srv/media/music /srv/incoming")
    yield
    host.clear()
    wait_until(lambda: not host.client.get(CONTAINERS), "the tasks did not end")
    host.shell("rm -rf /srv/media /srv/compose")


def type_in(host: GuardedDocker, command: str) -> list[str]:
    """What refuses a command; [] when it works."""
    done = host.shell(command)
    rules = refusing(done.stdout + done.stderr)
    assert rules or done.returncode == 0, done.stderr
    return rules


def test_without_the_plugin_the_second_container_reads_the_hosts_files(host: GuardedDocker) -> None:
    host.unguard()
    try:
        for step in (WRITER, READER, SWAP):
            assert type_in(host, step) == []
        assert "root:" in host.shell("docker start -a reader").stdout
    finally:
        host.guard()


def test_the_second_container_is_not_made(host: GuardedDocker) -> None:
    assert type_in(host, WRITER) == []
    done = host.shell(READER)

    assert refusing(done.stderr) == [RULE]
    words = " ".join(done.stderr.split())
    assert "HostConfig.Binds[0]: Through /srv/media, container writer can replace /srv/media/movies" in words
    assert "-v /srv/media:/data:ro" in words


def test_check_and_try_see_the_containers_of_the_host(host: GuardedDocker) -> None:
    host.write_json(
        "/srv/compose/compose.yaml",
        {"services": {"m": {"image": "busybox", "volumes": ["/srv/media/movies:/m:ro"], "network_mode": "none"}}},
    )
    asked = (("check", "--format", "json", "/srv/compose/compose.yaml"), ("try", "--json", "--", *shlex.split(READER)))

    def list_verdicts() -> list[list[str]]:
        return [[*list_rules(host.portero(*words).stdout)] for words in asked]

    create = "cd /srv/compose && docker-compose create"
    assert [*list_verdicts(), type_in(host, create)] == [[], [], []]
    assert type_in(host, f"docker-compose -f /srv/compose/compose.yaml down; {WRITER}") == []
    remembered = host.shell(f"cat {Path(STATE).parent}/writers.jsonl").stdout
    verdicts = list_verdicts()
    assert host.shell(f"cat {Path(STATE).parent}/writers.jsonl").stdout == remembered != ""
    assert [*verdicts, type_in(host, create)] == [[RULE]] * 3
    assert "judged beside the 1 container of this host" in host.portero("try", "--", "docker", "ps").stdout


def test_a_project_is_judged_without_what_compose_replaces(host: GuardedDocker) -> None:
    project = {"services": {"app": {"image": "busybox", "volumes": ["/srv/media:/d"], "network_mode": "none"}}}
    host.write_json("/srv/compose/compose.yaml", project)
    assert type_in(host, "cd /srv/compose && docker-compose create") == []
    project["services"]["app"]["volumes"] = ["/srv/media/movies:/d"]
    host.write_json("/srv/compose/compose.yaml", project)

    assert [*list_rules(host.portero("check", "--format", "json", "/srv/compose/compose.yaml").stdout)] == []
    assert type_in(host, "cd /srv/compose && docker-compose down && docker-compose create") == []


def test_a_writable_folder_above_a_source_is_not_given_away(host: GuardedDocker) -> None:
    assert type_in(host, READER) == []
    done = host.shell(WRITER)

    assert refusing(done.stderr) == [RULE]
    assert "this container can replace /srv/media/movies, which container reader mounts" in " ".join(
        done.stderr.split()
    )


@pytest.mark.parametrize("way", ["/srv/link/movies", "/srv/bound/movies", "/srv/media/new"])
def test_other_names_of_the_folder_count(host: GuardedDocker, way: str) -> None:
    host.shell("ln -sfn /srv/media /srv/link; mkdir -p /srv/bound; mount --bind /srv/media /srv/bound")
    try:
        assert type_in(host, WRITER) == []
        assert type_in(host, f"docker run --rm -v {way}:/m:ro busybox true") == [RULE]
    finally:
        host.shell("umount /srv/bound")


def test_a_stopped_container_and_a_volume_that_is_a_folder_count(host: GuardedDocker) -> None:
    host.unguard()
    host.shell("docker volume create -o type=none -o o=bind -o device=/srv/media folder")
    host.shell("docker run -d --name user -v folder:/d busybox sleep 3600")
    host.guard()
    # While it is in use, the folder is shown in Docker's data as well.
    assert RULE in type_in(host, "docker run --rm -v /srv/media/movies:/m:ro busybox true")
    host.shell("docker rm -f user; docker volume rm folder")
    assert type_in(host, f"{WRITER}; docker stop -t 0 writer") == []

    assert type_in(host, "docker run --rm -v /srv/media/movies:/m:ro busybox true") == [RULE]
    assert type_in(host, "docker rm writer; docker run --rm -v /srv/media/movies:/m:ro busybox true") == []


def test_services_count(host: GuardedDocker) -> None:
    assert type_in(host, WRITER) == []
    service = "docker service create -d --name s --mount type=bind,source=/srv/media{},target=/x,readonly busybox"

    assert type_in(host, service.format("/movies")) == [RULE]
    assert type_in(host, service.format("")) == []


@pytest.mark.parametrize("update", ["", "docker service update -d --no-resolve-image --mount-rm /x late"])
def test_a_service_that_waits_for_its_image_counts_and_what_it_was_before(host: GuardedDocker, update: str) -> None:
    service = (
        "docker service create -d --no-resolve-image --name late --mount type=bind,source=/srv/{},target=/x{} none:1"
    )
    assert type_in(host, service.format("media/movies", ",readonly")) == type_in(host, update or "true") == []

    done = host.shell(WRITER)
    assert refusing(done.stderr) == [RULE]
    assert "this container can replace /srv/media/movies, which service late mounts" in " ".join(done.stderr.split())
    assert type_in(host, WRITER.replace("/srv/media:", "/srv/incoming:")) == []
    if update:  # what it was before the last update but one does not come back
        assert type_in(host, f"{update.partition(' --mount')[0]} --mount-add {ABOVE},target=/y late") == []
    assert type_in(host, "docker service rm late; docker rm -f writer") == []
    assert type_in(host, WRITER) == []


def test_a_service_may_write_above(host: GuardedDocker) -> None:
    above = (
        "docker service create -d --no-resolve-image --name late --mount type=bind,source=/srv/media,target=/x none:1"
    )
    assert type_in(host, above) == []

    assert type_in(host, READER) == [RULE]
    assert type_in(host, "docker create -v /srv/incoming:/m:ro busybox true") == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("-v /srv/media:/d", "-v /srv/media:/d"),
        ("-v /srv/media:/d", "-v /srv/media:/d:ro"),
        ("-v /srv/media:/d:ro", "-v /srv/media/movies:/m"),
        ("-v /srv/media/music:/d", "-v /srv/media/movies:/m"),
        ("-v /srv/incoming:/d", "-v /srv/media:/m:ro"),
        ("-v /srv/media:/d", "-v /srv/incoming:/m"),
        ("-v data:/d", "-v data:/d -v /srv/media:/m"),
        ("-v /srv/media:/d", "-v /srv/media:/d -v data:/d/movies"),
    ],
)
def test_ordinary_stacks_go_on(host: GuardedDocker, first: str, second: str) -> None:
    assert type_in(host, f"docker run -d --name one {first} busybox sleep 3600") == []
    assert type_in(host, f"docker run -d --name two {second} busybox sleep 3600") == []
    assert type_in(host, "docker restart -t 0 one two") == []


@pytest.mark.parametrize(("app", "rules"), [("./:/app", [RULE]), ("./:/app:ro", []), ("./src:/app", [])])
def test_a_compose_project(host: GuardedDocker, app: str, rules: list[str]) -> None:
    host.shell("mkdir -p /srv/compose/src && echo x > /srv/compose/nginx.conf")
    web = {"image": "nginx:1.27", "volumes": ["./nginx.conf:/etc/nginx.conf:ro"], "depends_on": ["app"]}
    app_service = {"image": "busybox", "command": "sleep 3600", "volumes": [app]}
    # Process 1 of a container takes no TERM.
    project = {
        "services": {name: {**one, "stop_grace_period": "0s"} for name, one in (("app", app_service), ("web", web))}
    }
    host.write_json("/srv/compose/compose.yaml", project)
    try:
        found = type_in(host, "cd /srv/compose && docker-compose up -d")
        assert set(found) == set(rules)
        if not rules:
            assert (
                type_in(host, "cd /srv/compose && docker-compose up -d --force-recreate && docker-compose restart")
                == []
            )
    finally:
        host.shell("cd /srv/compose && docker-compose down -t 0")


def test_an_exception_waives_one_pair(host: GuardedDocker) -> None:
    host.write_json(f"{SITE}/exceptions/pair.json", exception(rules=[RULE], match={"properties": PAIR}))
    time.sleep(2)
    try:
        assert type_in(host, WRITER) == []
        assert type_in(host, READER.replace("cat /m/shadow", "true")) == []
        assert type_in(host, "docker start reader; docker restart -t 0 writer") == []
        assert type_in(host, "docker run --rm -v /srv/media/music:/m:ro busybox true") == [RULE]
        assert "pair" in host.portero("status", "--all", "--socket", PLUGIN_SOCKET).stdout
    finally:
        host.shell(f"rm {SITE}/exceptions/pair.json")
        time.sleep(2)


def test_a_container_with_the_whole_host_does_not_stop_the_others(host: GuardedDocker) -> None:
    host.unguard()
    host.shell("docker run -d --name monitor -v /:/host busybox sleep 3600")
    host.guard()

    assert type_in(host, "docker run --rm -v /srv/media/movies:/m:ro busybox true") == []
    assert type_in(host, WRITER) == []


def test_of_two_containers_made_at_once_neither_starts(host: GuardedDocker) -> None:
    bodies = [
        {"Image": "busybox", "Cmd": ["true"], "HostConfig": {"Binds": binds}}
        for binds in (["/srv/media:/d"], ["/srv/media/movies:/m:ro"])
    ]
    both = 0
    for _ in range(TRIES):
        with ThreadPoolExecutor(2) as pool:
            made = list(pool.map(lambda body: host.client.ask("POST", "/containers/create", body), bodies))
        ids = [answer.json()["Id"] for answer in made if answer.status == 201]
        if len(ids) == len(bodies):
            both += 1
            started = [host.client.ask("POST", f"/containers/{id}/start") for id in ids]
            assert [refusing(answer.message) for answer in started] == [["existing-container"]] * 2
            assert RULE in started[0].message
        for id in ids:
            host.client.ask("DELETE", f"/containers/{id}")
    print(f"{both} of {TRIES} pairs were made at once")


def test_a_pair_from_before_portero_started_goes_on(host: GuardedDocker) -> None:
    host.unguard()
    host.shell(f"{WRITER}; {READER.replace('cat /m/shadow', 'true')}")
    host.guard()
    time.sleep(1.1)
    host.replace_plugin(COMMAND)
    assert type_in(host, "docker restart -t 0 writer; docker start -a reader") == []
    assert type_in(host, "docker run --rm -v /srv/media/movies:/m:ro busybox true") == [RULE]
