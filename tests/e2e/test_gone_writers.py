"""A container passes its folder on and is gone: who mounts what lies below is refused, and nobody else."""

from collections.abc import Iterator

import pytest

from .conftest import started
from .guarded import GuardedDocker
from .passing import Receiver, receiving
from .refusals import refusing
from .test_nested_sources import RULE, type_in

pytestmark = pytest.mark.e2e

STAY = "--stop-timeout 1 busybox sleep 3600"
HELPER = f"docker run -d --name helper -v meet:/v {STAY}"
WRITER = f"docker run -d --name writer -v meet:/v -v /srv/media:/w {STAY}"
READER = "docker create --name reader -v /srv/media/movies:/m:ro busybox cat /m/shadow"
SIDE = "docker create --name side -v /srv/incoming:/m:ro busybox true"


@pytest.fixture(scope="module")
def host(own_docker: GuardedDocker) -> GuardedDocker:
    return own_docker


@pytest.fixture(autouse=True)
def tidy(host: GuardedDocker) -> Iterator[None]:
    host.shell("mkdir -p /srv/media/movies /srv/incoming")
    yield
    host.clear()
    host.shell("docker network prune -f; rm -rf /srv/media")


def pass_on(host: GuardedDocker, receiver: Receiver) -> None:
    """The writer, which runs, passes its folder on and is removed."""
    assert receiver.take("writer", "/w", "/v/x.sock") == "done"
    assert type_in(host, "docker rm -f writer") == []


def test_a_writer_that_has_ended_before_it_is_removed_is_remembered(host: GuardedDocker) -> None:
    assert type_in(host, HELPER) == type_in(host, WRITER) == []
    # The list that the second request has Portero read shows that it has ended.
    for step in ("docker stop -t 0 writer", SIDE, "docker rm writer"):
        assert type_in(host, step) == []

    assert type_in(host, READER) == [RULE]


def test_without_the_plugin_the_third_container_reads_the_hosts_files(host: GuardedDocker) -> None:
    host.unguard()
    try:
        assert type_in(host, HELPER) == type_in(host, WRITER) == []
        with receiving(host, "helper", "/v/x.sock") as receiver:
            pass_on(host, receiver)
            assert type_in(host, READER) == []
            assert receiver.swap("movies", "/etc") == "done"
            assert "root:" in host.shell("docker start -a reader").stdout
            host.shell("docker rm -f helper")
    finally:
        host.guard()


def test_the_third_container_is_not_made_while_the_second_runs(host: GuardedDocker) -> None:
    assert type_in(host, HELPER) == type_in(host, WRITER) == []
    with receiving(host, "helper", "/v/x.sock") as receiver:
        pass_on(host, receiver)
        done = host.shell(READER)

        assert refusing(done.stderr) == [RULE]
        assert (
            "container helper, which can still write for one that is gone, can replace /srv/media/movies"
            in " ".join(done.stderr.split())
        )
        assert type_in(host, SIDE) == []
        host.shell("docker stop -t 0 helper")

    assert type_in(host, READER) == []


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_it_is_remembered_over_a_restart_of_portero(host: GuardedDocker, signal: str) -> None:
    assert type_in(host, HELPER) == type_in(host, WRITER) == type_in(host, "docker rm -f writer") == []
    host.stop_plugin(signal)
    host.start_plugin()

    assert type_in(host, READER) == [RULE]


@pytest.mark.parametrize("lives", [True, False])
def test_it_is_remembered_over_a_restart_of_dockerd_while_the_second_lives(*, lives: bool) -> None:
    with started(GuardedDocker(daemon_config={"live-restore": lives})) as docker:
        docker.shell("mkdir -p /srv/media/movies")
        assert type_in(docker, HELPER.replace("-d", "-d --restart always")) == type_in(docker, WRITER) == []
        assert type_in(docker, "docker rm -f writer") == []
        assert type_in(docker, READER) == [RULE]
        # What is allowed notes since when the helper runs; what is refused notes nothing.
        assert type_in(docker, SIDE) == []
        docker.restart_dockerd()

        assert type_in(docker, READER) == ([RULE] if lives else [])


def test_what_a_new_dockerd_started_and_rests_again_is_remembered() -> None:
    with started(GuardedDocker()) as docker:
        docker.shell("mkdir -p /srv/media/movies /srv/incoming")
        always = [one.replace("-d", "-d --restart always", 1) for one in (HELPER, WRITER)]
        for step in (*always, "docker stop -t 0 writer", "docker restart -t 0 helper"):
            assert type_in(docker, step) == []
        docker.restart_dockerd()
        assert docker.shell("docker ps -q | wc -l").stdout == "2\n"
        for step in ("docker stop -t 0 writer", SIDE, "docker rm writer"):
            assert type_in(docker, step) == []

        assert type_in(docker, READER) == [RULE]


def test_what_was_started_anew_holds_nothing(host: GuardedDocker) -> None:
    assert type_in(host, HELPER) == type_in(host, WRITER) == type_in(host, "docker rm -f writer") == []
    assert type_in(host, READER) == [RULE]

    assert type_in(host, f"docker restart -t 0 helper; {READER}") == []


def test_what_was_started_anew_can_get_the_same_once_more(host: GuardedDocker) -> None:
    for step in (HELPER, WRITER, "docker rm -f writer", SIDE, "docker restart -t 0 helper", WRITER):
        assert type_in(host, step) == []
    assert type_in(host, "docker rm -f writer") == []

    assert type_in(host, READER) == [RULE]
    assert type_in(host, f"docker restart -t 0 helper; {READER}") == []


def test_a_backup_that_read_all_and_is_gone_brought_no_stacks_together(host: GuardedDocker) -> None:
    host.shell("mkdir -p /srv/x/a/data /srv/x/b")
    for step in (
        *(
            f"docker run -d --name {stack} -v /srv/x/{name}:/w {STAY}"
            for stack, name in (("far", "a"), ("helper", "b"))
        ),
        f"docker run -d --name between -v /srv/x:/s:ro {STAY}",
        *("docker rm -f between", SIDE, "docker rm -f far"),
    ):
        assert type_in(host, step) == []

    assert type_in(host, "docker create --name between -v /srv/x/a/data:/m busybox") == []


def test_through_others_that_are_gone_too(host: GuardedDocker) -> None:
    assert type_in(host, f"docker run -d --name far -v other:/o {STAY}") == []
    assert type_in(host, f"docker run -d --name between -v other:/o -v meet:/v {STAY}") == []
    assert type_in(host, f"{WRITER}; docker rm -f writer between") == []

    assert type_in(host, READER) == [RULE]


def test_a_folder_of_the_host_is_a_meeting_place_and_a_file_is_none(host: GuardedDocker) -> None:
    host.shell("mkdir -p /srv/shared; echo UTC > /srv/zone")
    assert type_in(host, f"docker run -d --name helper -v /srv/shared:/s {STAY}") == []
    assert type_in(host, "docker run --rm -v /srv/shared:/s:ro -v /srv/media:/w busybox true") == []
    assert type_in(host, READER) == [RULE]
    host.shell("docker rm -f helper")

    zone = "-v /srv/zone:/etc/zone"
    assert type_in(host, f"docker run -d --name helper {zone} {STAY}") == []
    assert type_in(host, f"docker run --rm {zone} -v /srv/media:/w busybox true") == []
    assert type_in(host, READER) == []


@pytest.mark.parametrize(
    "beside",
    [
        f"docker run -d --name unrelated -v other:/v {STAY}",
        f"docker run -d --name unrelated -v /srv/incoming:/v {STAY}",
        "docker create --name unrelated -v meet:/v busybox true",
        "docker run --name unrelated -v meet:/v busybox true",
    ],
)
def test_a_writer_that_is_gone_is_forgotten_beside_an_unrelated_container(host: GuardedDocker, beside: str) -> None:
    assert type_in(host, beside) == []
    assert type_in(host, "docker run --rm -v meet:/v -v /srv/media:/w busybox true") == []

    assert type_in(host, READER) == []


def test_who_starts_after_the_writer_was_gone_holds_nothing(host: GuardedDocker) -> None:
    assert type_in(host, "docker run --rm -v meet:/v -v /srv/media:/w busybox true") == []
    assert type_in(host, HELPER) == []

    assert type_in(host, READER) == []
