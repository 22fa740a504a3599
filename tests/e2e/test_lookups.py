"""Portero asks dockerd, which asks Portero first: nobody waits for itself, and a daemon that fails is a refusal."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.waiting import wait_until

from .guarded import GuardedDocker, serve, stub
from .rawhttp import Answer
from .refusals import refusing

pytestmark = pytest.mark.e2e

# One large request at a time: the request that a lookup brings about comes while that turn is taken.
NARROW = serve("baseline", "--host-root", "/", "--threads", "1")
MANY = 12
# Stands for dockerd and answers every connection with this code, in which `c` is the connection.
FAILING = """
import os, signal, socket, threading, time
s = socket.socket(socket.AF_UNIX)
s.bind('/run/failing.sock')
s.listen(64)
OK = b'HTTP/1.1 200 OK\\r\\n'
def answer(c):
    with c:
        c.recv(65536)
        {}
{}
while True:
    threading.Thread(target=answer, args=(s.accept()[0],), daemon=True).start()
"""
# How it fails, and for how many seconds a request waits.
FAILURES = {
    "stopped": ("pass", "os.kill(os.getpid(), signal.SIGSTOP)", 2),
    "silent": ("time.sleep(99)", "", 2),
    "a byte at a time": ("[(c.sendall(bytes([x])), time.sleep(0.2)) for x in OK * 20]", "", 2),
    "slow body": ("c.sendall(OK + b'Content-Length: 2\\r\\n\\r\\n{'); time.sleep(99)", "", 2),
    "garbage": ("c.sendall(os.urandom(4096))", "", 0),
    "no JSON": ("c.sendall(OK + b'Content-Length: 5\\r\\n\\r\\n<html')", "", 0),
    "10 MB": ("c.sendall(OK + b'Content-Length: 10485760\\r\\n\\r\\n' + b' ' * 10485760)", "", 0),
    "10 MB without an end": ("c.sendall(OK + b'\\r\\n' + b' ' * 10485760)", "", 0),
    "an error": ("c.sendall(b'HTTP/1.1 500 X\\r\\nContent-Length: 2\\r\\n\\r\\n{}')", "", 0),
    "closed": ("pass", "", 0),
}


def test_a_name_with_a_slash_is_judged_and_dockerd_tells_what_is_wrong_with_it(docker: GuardedDocker) -> None:
    bad = {"Name": "team/bad", "Options": {"com.docker.network.bridge.name": "team+"}}
    with docker.guarded_by(stub("allow")):
        for network in ({"Name": "team/app"}, bad):
            assert docker.client.ask("POST", "/networks/create", network).status == 201

    assert docker.do("docker run --rm --network team/app busybox echo there") == "there\n"
    assert "existing-network" in refusing(docker.shell("docker run --rm --network team/bad busybox true").stderr)
    mounted = docker.shell("docker run --rm -v data/x:/y busybox true").stderr
    assert (refusing(mounted), "invalid characters for a local volume name" in mounted) == ([], True), mounted


def test_many_large_requests_that_need_a_lookup_are_judged(docker: GuardedDocker) -> None:
    labels = {"long": "x" * (1 << 17)}
    networks = [
        docker.client.ask("POST", "/networks/create", {"Name": f"lookup-{number}"}).json()["Id"]
        for number in range(MANY)
    ]

    def create(network: str) -> Answer:
        body = {"Image": "busybox", "Labels": labels, "HostConfig": {"NetworkMode": network}}
        return docker.client.ask("POST", "/containers/create", body)

    # Else dockerd asks the next plugin about the events that this one was just asking for, as about another client's.
    wait_until(lambda: docker.client.get("/info")["NEventsListener"] > 0, "the plugin does not follow events")
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
    assert took < 20


def test_long_labels_make_no_list_too_long_and_are_refused(docker: GuardedDocker) -> None:
    body = {"Image": "busybox", "Labels": {"long": "x" * (3 << 20)}}
    docker.unguard()
    try:
        made = [docker.client.ask("POST", "/containers/create", body).json()["Id"] for _ in range(6)]
    finally:
        docker.guard()
    try:
        assert refusing(docker.client.ask("POST", "/containers/create", body).message) == ["labels-size"]
        assert docker.shell("docker create --name bound -v /srv/data:/x busybox true").returncode == 0
    finally:
        for one in (*made, "bound"):
            docker.client.ask("DELETE", f"/containers/{one}")


def test_a_container_that_hangs_delays_nobody_and_no_descriptor_stays(docker: GuardedDocker) -> None:
    body = {"Image": "nginx:1.27", "User": "nobody", "HostConfig": {"NetworkMode": "none"}}
    hanging, other = (docker.client.ask("POST", "/containers/create", body).json()["Id"] for _ in range(2))
    # dockerd reads the file of its users when it starts, with its lock held.
    docker.shell("mkdir -p /srv/etc && mkfifo /srv/etc/passwd")
    docker.unguard()  # of one with a user no-owner-programs refuses it
    assert docker.shell(f"tar -C /srv/etc -c passwd | docker cp - {hanging}:/etc").returncode == 0
    docker.guard()
    bound = {"Image": "busybox", "HostConfig": {"Binds": ["/srv/data:/x"]}}

    def count_descriptors() -> int:
        return int(docker.shell(f"ls /proc/$(pgrep -P {docker.plugin_pid})/fd | wc -l").stdout)

    before = count_descriptors()
    with ThreadPoolExecutor(MANY) as pool:
        started = pool.submit(docker.client.ask, "POST", f"/containers/{hanging}/start")
        time.sleep(0.5)
        slow = [pool.submit(docker.client.ask, "POST", f"/containers/{hanging}/exec", {"Cmd": ["a"]}) for _ in range(6)]
        time.sleep(0.2)
        began = time.monotonic()
        answers = [
            docker.client.ask("POST", f"/containers/{other}/start"),
            docker.client.ask("POST", "/containers/create?name=bound", bound),
        ]
        took = time.monotonic() - began
        waited = [refusing(one.result().message) for one in slow]
        hangs = not started.done()
        docker.shell('for f in $(find /var/lib/docker -name passwd -type p); do timeout 1 sh -c "echo >$f"; done')
    for one in (hanging, other, "bound"):
        docker.client.ask("DELETE", f"/containers/{one}?force=1")

    assert hangs
    assert [answer.status for answer in answers] == [204, 201]
    assert waited == [["lookup-failed"]] * 6
    assert took < 2
    assert count_descriptors() < before + 8


@pytest.fixture(scope="module")
def misled(docker: GuardedDocker) -> Iterator[GuardedDocker]:
    """Portero asks another daemon than the one that asks it."""
    with docker.guarded_by(serve("baseline", "--host-root", "/", "--docker-host", "unix:///run/failing.sock")):
        yield docker


@contextmanager
def failing(docker: GuardedDocker, failure: str) -> Iterator[None]:
    """A daemon that fails so."""
    answer, before, _ = FAILURES[failure]
    docker.host.path("/srv/failing.py").write_text(FAILING.format(answer, before))
    docker.shell("rm -f /run/failing.sock; nohup python3 /srv/failing.py >/dev/null 2>&1 & echo $! > /run/failing.pid")
    wait_until(lambda: docker.host.path("/run/failing.sock").exists(), "the failing daemon did not listen")
    try:
        yield
    finally:
        docker.shell("kill -KILL $(cat /run/failing.pid)")


@pytest.mark.parametrize("failure", FAILURES)
def test_a_daemon_that_fails_is_refused_within_the_bound_and_pings_go_on(misled: GuardedDocker, failure: str) -> None:
    assert misled.shell("docker create --name used busybox sleep 3600").returncode == 0
    uses = ["docker start used", "docker create -v data:/x busybox true", "docker create -v /srv/data:/x busybox true"]
    waits = FAILURES[failure][2]
    try:
        with failing(misled, failure), ThreadPoolExecutor(len(uses)) as pool:
            began = time.monotonic()
            running = [pool.submit(misled.shell, use) for use in uses]
            pings = []
            while not all(use.done() for use in running) or not pings:
                asked = time.monotonic()
                assert misled.client.ask("GET", "/_ping").status == 200
                pings.append(time.monotonic() - asked)
                time.sleep(0.05)
            took = time.monotonic() - began
            assert misled.shell("docker ps && docker stop -t 0 used && docker create busybox true").returncode == 0
    finally:
        misled.shell("docker ps -aq | xargs -r docker rm -f")

    assert [refusing(use.result().stderr) for use in running] == [["lookup-failed"]] * len(uses)
    # After several that were silent others wait less (observe/lookups/lookup.py).
    assert min(waits, 0.3) <= took < waits + 3
    assert max(pings) < 1
