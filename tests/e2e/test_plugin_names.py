"""A driver's name is joined onto dockerd's plugin folders as it stands: it loads a socket that a container has made.

Each request is sent twice: past a plugin that allows everything dockerd dials the socket, past portero it does not.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from .guarded import GuardedDocker, stub
from .refusals import refusing

pytestmark = pytest.mark.e2e

VOLUME = "/var/lib/docker/volumes/portero-names/_data"
DRIVER = f"../../..{VOLUME}/evil"
DIALLED = "/srv/dialled"
# A socket that notes who dials it and hangs up.
LISTENER = f"""
import socket
listener = socket.socket(socket.AF_UNIX)
listener.bind("{VOLUME}/evil.sock")
listener.listen()
while True:
    connection, _ = listener.accept()
    open("{DIALLED}", "ab").write(connection.recv(1000))
    connection.close()
"""
_MOUNT = {"Type": "volume", "Source": "v", "Target": "/v", "VolumeOptions": {"DriverConfig": {"Name": DRIVER}}}
ATTACKS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "volume": ("/volumes/create", {"Name": "v", "Driver": DRIVER}),
    "volume of the image": (
        "/containers/create",
        {"Image": "busybox", "Volumes": {"/v": {}}, "HostConfig": {"VolumeDriver": DRIVER}},
    ),
    "mount": ("/containers/create", {"Image": "busybox", "HostConfig": {"Mounts": [_MOUNT]}}),
    "log": ("/containers/create", {"Image": "busybox", "HostConfig": {"LogConfig": {"Type": DRIVER}}}),
    "network": ("/networks/create", {"Name": "n", "Driver": DRIVER}),
    "ipam": ("/networks/create", {"Name": "n", "IPAM": {"Driver": DRIVER}}),
    "ipam of an overlay": ("/networks/create", {"Name": "n", "Driver": "overlay", "IPAM": {"Driver": DRIVER}}),
    "secret": ("/secrets/create", {"Name": "s", "Driver": {"Name": DRIVER}}),
    "cluster volume": (
        "/volumes/create",
        {
            "Name": "c",
            "Driver": DRIVER,
            "ClusterVolumeSpec": {"AccessMode": {"Scope": "single", "Sharing": "none", "MountVolume": {}}},
        },
    ),
}


@pytest.fixture(scope="module")
def listening(docker: GuardedDocker) -> Iterator[GuardedDocker]:
    docker.shell("docker volume create portero-names")
    docker.host.path("/srv/listener.py").write_text(LISTENER)
    listens = docker.host.path(f"{VOLUME}/evil.sock").exists
    with docker.host.running("listener", [sys.executable, "/srv/listener.py"], listens):
        yield docker
    docker.shell("docker volume rm -f portero-names v c; docker network rm n")


def _was_dialled(docker: GuardedDocker) -> bool:
    return "Plugin.Activate" in docker.shell(f"cat {DIALLED}; rm -f {DIALLED}").stdout


# The cluster volume is looked up later, by swarm: that its request dials is not asked here.
@pytest.mark.parametrize("name", [name for name in ATTACKS if name != "cluster volume"])
def test_unguarded_dockerd_dials_the_socket(listening: GuardedDocker, name: str) -> None:
    with listening.guarded_by(stub("allow")):
        listening.client.ask("POST", *ATTACKS[name])
    assert _was_dialled(listening), name


@pytest.mark.parametrize("name", ATTACKS)
def test_a_name_that_is_a_path_is_refused_and_nothing_is_dialled(listening: GuardedDocker, name: str) -> None:
    answer = listening.client.ask("POST", *ATTACKS[name])

    assert "plugin-names" in refusing(answer.message), answer
    assert not _was_dialled(listening)


def test_built_in_drivers_work(listening: GuardedDocker) -> None:
    config = {"VolumeDriver": "local", "LogConfig": {"Type": "json-file"}, "NetworkMode": "none"}
    for target, body in (
        ("/containers/create?name=names", {"Image": "busybox", "Volumes": {"/v": {}}, "HostConfig": config}),
        ("/networks/create", {"Name": "names", "Driver": "bridge", "IPAM": {"Driver": "default"}}),
        ("/volumes/create", {"Name": "names", "Driver": "local"}),
        ("/secrets/create", {"Name": "names", "Data": "YQ==", "Templating": {"Name": "golang"}}),
    ):
        answer = listening.client.ask("POST", target, body)
        assert answer.status == 201, json.dumps(answer.json())
    listening.shell("docker rm -fv names; docker network rm names; docker volume rm names; docker secret rm names")
