"""A driver's name is joined onto dockerd's plugin folders as it stands: it loads a socket that a container has made.

Each request is sent twice: past a plugin that allows everything dockerd dials the socket, past portero it does not.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.cases import cases

from .guarded import GuardedDocker, stub
from .rawhttp import Answer, Client
from .refusals import refusing

pytestmark = pytest.mark.e2e

VOLUME = "/var/lib/docker/volumes/portero-names/_data"
DRIVER = f"../../..{VOLUME}/evil"
DIALLED = "/srv/dialled"
# Sockets of a container; it notes which is dialled. Of one that hangs up dockerd would ask again for 15 s.
LISTENER = f"""
import select, socket, sys
listeners = {{}}
for name in sys.argv[1:]:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{VOLUME}/{{name}}.sock")
    listener.listen()
    listeners[listener] = name
while True:
    for listener in select.select([*listeners], [], [])[0]:
        connection, _ = listener.accept()
        if b"Plugin.Activate" in connection.recv(1000):
            print(listeners[listener], file=open("{DIALLED}", "a"))
            connection.sendall(b"HTTP/1.1 500 No\\r\\nContent-Length: 0\\r\\n\\r\\n")
        connection.close()
"""
ATTACKS: Mapping[str, tuple[str, dict[str, Any]]] = {
    name: (target, body) for name, target, body in cases(__file__, "driver-attacks.jsonl")
}


NAMES = {attack: f"evil{number}" for number, attack in enumerate(ATTACKS)}


def attack(docker: GuardedDocker, name: str) -> Answer:
    """Send the request, with a driver of its own."""
    target, body = ATTACKS[name]
    # What is still looked for would hold up what is asked next.
    client = Client(docker.socket, timeout=100)
    return client.ask("POST", target, json.loads(json.dumps(body).replace(DRIVER, DRIVER[:-4] + NAMES[name])))


@pytest.fixture(scope="module")
def listening(docker: GuardedDocker) -> Iterator[GuardedDocker]:
    docker.shell("docker volume create portero-names")
    docker.host.path("/srv/listener.py").write_text(LISTENER)
    listens = docker.host.path(f"{VOLUME}/{[*NAMES.values()][-1]}.sock").exists
    with docker.host.running("listener", [sys.executable, "/srv/listener.py", *NAMES.values()], listens):
        yield docker
    docker.shell("docker volume rm -f portero-names v c; docker network rm n1 n2 n3")


def dialled(docker: GuardedDocker) -> set[str]:
    return {*docker.shell(f"cat {DIALLED}; rm -f {DIALLED}").stdout.split()}


def test_unguarded_dockerd_dials_each_socket(listening: GuardedDocker) -> None:
    # The cluster volume is looked up later, by swarm: that it dials is not asked.
    names = [name for name in ATTACKS if name != "cluster volume"]
    with listening.guarded_by(stub("allow")):
        for name in names:
            attack(listening, name)
    assert dialled(listening) == {NAMES[name] for name in names}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_name_that_is_a_path_is_refused_and_nothing_is_dialled(listening: GuardedDocker, name: str) -> None:
    answer = attack(listening, name)

    assert "plugin-names" in refusing(answer.message), answer
    assert dialled(listening) == set()
