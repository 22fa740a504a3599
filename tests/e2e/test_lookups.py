"""Judging a network's ID makes Portero ask dockerd, which asks Portero first: nobody waits for himself."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from .guarded import GuardedDocker, serve
from .rawhttp import Answer
from .refusals import refusing

pytestmark = pytest.mark.e2e

# One large request at a time: the request that a lookup brings about comes while that turn is taken.
NARROW = serve("baseline", "--host-root", "/", "--workers", "1", "--threads", "1")
MANY = 12


def test_many_large_requests_that_need_a_lookup_are_judged_by_a_single_worker(docker: GuardedDocker) -> None:
    labels = {"long": "x" * (1 << 17)}
    networks = [
        docker.client.ask("POST", "/networks/create", {"Name": f"lookup-{number}"}).json()["Id"]
        for number in range(MANY)
    ]

    def create(network: str) -> Answer:
        body = {"Image": "busybox", "Labels": labels, "HostConfig": {"NetworkMode": network}}
        return docker.client.ask("POST", "/containers/create", body)

    with docker.guarded_by(NARROW), ThreadPoolExecutor(MANY) as pool:
        since, began = docker.log_size(), time.monotonic()
        answers = list(pool.map(create, networks))
        took = time.monotonic() - began
        asked = [line["operation"] for line in docker.decisions(since)]

    for made in answers:
        docker.client.ask("DELETE", f"/containers/{made.json().get('Id')}")
    for network in networks:
        docker.client.ask("DELETE", f"/networks/{network}")
    assert [refusing(answer.message) for answer in answers] == [[]] * MANY
    assert [answer.status for answer in answers] == [201] * MANY
    # Nobody logs what Portero itself asks.
    assert set(asked) == {"ContainerCreate"}
    # A lookup that waits for its own request gives up after two seconds.
    assert took < 2
