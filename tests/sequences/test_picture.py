"""What Portero knows of a daemon without asking is what the daemon shows, whatever four clients at once do to it."""

import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.e2e.conftest import started
from tests.e2e.engine import FOLDERS, missing_engine
from tests.e2e.guarded import NAME, PLUGIN_SOCKET, GuardedDocker, serve
from tests.e2e.rawhttp import Answer, exchange, render
from tests.e2e.refusals import refusing
from tests.paths import ROOT
from tests.sequences import pieces
from tests.waiting import wait_until

from .canaries import FOLDERS as FOLDERS_OF_USERS
from .crowd import Crowd

pytestmark = pytest.mark.e2e

# make picture N=20000 SEED=7
OPERATIONS, SEED = (int(os.environ.get(f"PICTURE_{name}", n)) for name, n in (("OPERATIONS", "200"), ("SEED", "1")))
PAIRS, RACES = min(OPERATIONS // 8, 200), min(OPERATIONS // 4, 2000)
COMPARED = "/run/compared"
OWN_AND_29 = [None] if missing_engine(FOLDERS["29.7"]) else [None, FOLDERS["29.7"]]


@pytest.fixture(params=OWN_AND_29, ids=["own", "29.7"][: len(OWN_AND_29)], scope="module")
def crowded(request: pytest.FixtureRequest) -> Iterator[GuardedDocker]:
    with started(GuardedDocker(engine=request.param)) as docker:
        docker.shell(f"touch {COMPARED}; mkdir -p /srv/media/movies {' '.join(path for path, _ in FOLDERS_OF_USERS)}")
        docker.unguard()
        docker.import_busybox(pieces.APP, "CMD sh")
        docker.import_busybox(pieces.DATA, "VOLUME /v")
        docker.guard()
        docker.replace_plugin(compared())
        yield docker


def compared(*variables: str) -> list[str]:
    path = f"PYTHONPATH={ROOT / 'plugin'}:{ROOT}"
    run = [sys.executable, "-m", "tests.sequences.compared", *serve("baseline")[3:]]
    return ["env", path, f"COMPARED={COMPARED}", *variables, *run]


def find_differences(docker: GuardedDocker) -> float:
    page = exchange(docker.host.path(PLUGIN_SOCKET), render("GET", "/metrics", [])).text()
    found = re.search(r"^portero_picture_differences (.+)$", page, re.MULTILINE)
    assert found is not None, page
    return float(found[1])


def read_comparisons(docker: GuardedDocker) -> list[tuple[int, int]]:
    """Of each one how many containers were certain, -1 where the picture was not whole, and the differences."""
    lines = map(str.split, docker.host.path(COMPARED).read_text().splitlines())
    return [(int(certain), int(differences)) for certain, differences in lines]


def test_random_operations_make_no_difference_between_picture_and_daemon(crowded: GuardedDocker) -> None:
    crowd, chance = Crowd(crowded.socket, SEED), random.Random(SEED)
    strikes = [partial(kill_portero, crowded), partial(kill_dockerd, crowded), *[lambda: None] * 2]
    for number in range(OPERATIONS // 100):
        since = len(read_comparisons(crowded))
        crowd.play(100, strikes[number % 4])
        # Some comparisons must find the daemon at rest, others may have found one that is busy.
        wait_for_comparison(crowded, chance.choice((since, len(read_comparisons(crowded)))))
        assert sum(differences for _, differences in read_comparisons(crowded)) == 0, crowded.logs()
    assert create(crowded, "last").status == 201
    wait_for_comparison(crowded, 0, 1)
    whole = [certain for certain, _ in read_comparisons(crowded) if certain >= 0]
    print(f"{len(whole)} comparisons of {sum(whole)} containers in {Counter(crowd.answers)}")
    crowded.shell("docker ps -aq | xargs docker rm -f")


def wait_for_comparison(docker: GuardedDocker, since: int, least: int = 0) -> None:
    wait_until(lambda: any(one[0] >= least for one in read_comparisons(docker)[since:]), "no whole picture is compared")


def kill_portero(docker: GuardedDocker) -> None:
    docker.stop_plugin("KILL")
    docker.start_plugin(compared())


def kill_dockerd(docker: GuardedDocker) -> None:
    docker.dockerd.stop("KILL")
    docker.restart_dockerd()


def test_a_picture_that_sees_no_requests_is_noticed(crowded: GuardedDocker) -> None:
    with crowded.guarded_by(compared("BLIND=1")):
        assert crowded.client.ask("POST", "/containers/none/start").status == 404
        time.sleep(3)
        assert crowded.client.ask("POST", "/containers/create", {"Image": "busybox"}).status == 201

        wait_until(lambda: find_differences(crowded) > 0, "the comparison found nothing")
        assert "objects were not what the requests to dockerd had made of them" in str(crowded.status()["attention"])


def test_of_two_creates_at_once_one_sees_the_other(crowded: GuardedDocker) -> None:
    client = crowded.client
    bodies = [
        {"Image": "busybox", "HostConfig": {"Binds": [bind]}} for bind in ("/srv/media:/x", "/srv/media/movies:/y:ro")
    ]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(PAIRS):
            answers = [*pool.map(lambda body: client.ask("POST", "/containers/create", body), bodies)]
            made = [answer.json()["Id"] for answer in answers if answer.status == 201]
            refused = [refusing(answer.message) for answer in answers if answer.status != 201]
            for one in made:
                client.ask("DELETE", f"/containers/{one}")
            assert (len(made), refused) == (1, [["no-sources-nested-with-containers"]])


def test_a_create_that_failed_and_what_was_pruned_count_no_longer(crowded: GuardedDocker) -> None:
    client = crowded.client

    def asks_for_list(name: str, bind: str, image: str = "busybox") -> bool:
        before = crowded.daemon_log().count("/containers/json?all=1")
        answer = create(crowded, name, image, Binds=[bind])
        assert refusing(answer.message) == []
        client.ask("DELETE", f"/containers/{name}")
        return crowded.daemon_log().count("/containers/json?all=1") > before

    crowded.shell("mkdir -p /srv/films/new")
    crowded.write_daemon_config({"authorization-plugins": [NAME], "debug": True})
    crowded.restart_dockerd()
    with crowded.guarded_by(serve("baseline", "--host-root", "/")):
        assert asks_for_list("side", "/srv/www:/x:ro")
        wait_until(lambda: not asks_for_list("side", "/srv/www:/x:ro"), "the list is asked for each time")
        assert not asks_for_list("upper", "/srv/films:/x", "missing")
        assert not asks_for_list("lower", "/srv/films/new:/y:ro")

        assert create(crowded, "joined").status == 201
        assert client.ask("POST", "/containers/prune").status == 200
        joining = create(crowded, "joining", PidMode="container:joined")
        assert refusing(joining.message) == ["joined-containers-seen"]


def test_an_exec_is_known_to_be_in_the_container_that_had_the_name(crowded: GuardedDocker) -> None:
    client = crowded.client
    swapped = [create(crowded, name).json()["Id"] for name in ("swapped", "other")]
    for id in swapped:
        assert client.ask("POST", f"/containers/{id}/start").status == 204
    wait_until(lambda: exec_in(crowded, "swapped") == 201, "no exec is made")

    def swap() -> None:
        for number in range(OPERATIONS // 4):
            client.ask("POST", f"/containers/{swapped[number % 2]}/rename?name=away")
            client.ask("POST", f"/containers/{swapped[1 - number % 2]}/rename?name=swapped")
            time.sleep(0.05)

    with ThreadPoolExecutor(3) as pool:
        swapping = pool.submit(swap)
        while not swapping.done():
            [*pool.map(lambda name: exec_in(crowded, name), ["swapped"] * 2)]
    time.sleep(3)
    assert find_differences(crowded) == 0, crowded.logs()


def test_a_name_that_begins_the_id_of_a_privileged_container_never_means_that_one(crowded: GuardedDocker) -> None:
    client = crowded.client
    crowded.unguard()
    id = create(crowded, "privileged", Privileged=True).json()["Id"]
    harmless = create(crowded, id[:9]).json()["Id"]
    crowded.guard()
    assert client.ask("POST", f"/containers/{harmless}/start").status == 204
    began = crowded.log_size()

    def use(verb: str, body: object) -> list[Answer]:
        return [client.ask("POST", f"/containers/{id[:9]}/{verb}", body) for _ in range(RACES)]

    with ThreadPoolExecutor(2) as pool:
        using = [pool.submit(use, "start", None), pool.submit(use, "exec", {"Cmd": ["true"]})]
        while not all(one.done() for one in using):
            for name in ("aside", id[:9]):
                assert client.ask("POST", f"/containers/{harmless}/rename?name={name}").status == 204
    starts, execs = (one.result() for one in using)
    # What is running already is 304, an exec in what is not running 409.
    assert ({one.status for one in starts} <= {304, 403}, {one.status for one in execs} <= {201, 403}) == (True, True)
    assert client.get(f"/containers/{id}/json")["State"]["StartedAt"].startswith("0001-")
    refused = [violation["rule"] for line in crowded.decisions(began) for violation in line["violations"]]
    assert "existing-container" in refused


def create(docker: GuardedDocker, name: str, image: str = "busybox", **host: object) -> Answer:
    body = {"Image": image, "Cmd": ["sleep", "6000"], "HostConfig": {"NetworkMode": "none", **host}}
    return docker.client.ask("POST", f"/containers/create?name={name}", body)


def exec_in(docker: GuardedDocker, name: str) -> int:
    return docker.client.ask("POST", f"/containers/{name}/exec", {"Cmd": ["true"], "User": "1"}).status
