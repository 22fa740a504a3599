"""Log drivers run in dockerd, as root: what a container's log options reach unguarded, and that portero refuses it."""

import sys
from collections.abc import Iterator

import pytest

from tests.waiting import wait_until

from .guarded import GuardedDocker, stub
from .refusals import refusing

pytestmark = pytest.mark.e2e

NOTIFY = "/run/portero-notify"  # such as systemd's: it takes orders from root
RECEIVED = "/srv/received"
LISTENER = f"""
import socket
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("{NOTIFY}")
while True:
    open("{RECEIVED}", "ab").write(listener.recv(65000))
"""
SYSLOG = f"docker run --rm --network none --log-driver syslog --log-opt syslog-address=unixgram://{NOTIFY}"
ATTACKS = {
    "no-log-sockets": f"{SYSLOG} busybox echo order",
    "no-log-control-characters": f"{SYSLOG} --log-opt $'tag=x\\nMAINPID=1' busybox echo order",
}
TLS = "docker run --rm --network none --log-driver syslog --log-opt syslog-address=tcp+tls://127.0.0.1:9"


@pytest.fixture(scope="module")
def listening(docker: GuardedDocker) -> Iterator[GuardedDocker]:
    docker.host.path("/srv/notify.py").write_text(LISTENER)
    with docker.host.running("notify", [sys.executable, "/srv/notify.py"], docker.host.path(NOTIFY).exists):
        yield docker


def _received(docker: GuardedDocker) -> str:
    return docker.shell(f"cat {RECEIVED}; rm -f {RECEIVED}").stdout


def test_unguarded_dockerd_writes_to_the_socket_what_the_user_wants(listening: GuardedDocker) -> None:
    with listening.guarded_by(stub("allow")):
        listening.shell(ATTACKS["no-log-control-characters"])
    assert "\nMAINPID=1" in _received(listening)


@pytest.mark.parametrize("rule", ATTACKS)
def test_the_socket_gets_nothing_past_portero(listening: GuardedDocker, rule: str) -> None:
    assert rule in refusing(listening.shell(ATTACKS[rule]).stderr)
    assert _received(listening) == ""


# libsystemd reads none of these forms of a journal without libraries that dockerd does not load here.
JOURNALD = ["env", *(f"SYSTEMD_JOURNAL_{form}=0" for form in ("KEYED_HASH", "COMPACT", "COMPRESS"))]
READER = "docker run --detach --name reader --network none --log-driver journald"


@pytest.fixture
def secret(docker: GuardedDocker) -> Iterator[str]:
    """The ID of a container whose log in the journal has a secret."""
    program = [*JOURNALD, "/usr/lib/systemd/systemd-journald"]
    docker.do("mkdir -p /run/systemd/journal /run/log/journal")
    with docker.host.running("journald", program, docker.host.path("/run/systemd/journal/socket").exists):
        made = docker.do("docker run --detach --name hers --network none --log-driver journald busybox echo hush")
        yield made.strip()
        docker.do("docker rm --force hers; docker rm --force reader")


def test_docker_logs_shows_no_longer_what_another_container_wrote(docker: GuardedDocker, secret: str) -> None:
    command = f"{READER} --log-opt env=CONTAINER_ID_FULL --env CONTAINER_ID_FULL={secret} busybox true"
    with docker.guarded_by(stub("allow")):
        docker.do(command)
        wait_until(lambda: "hush" in docker.do("docker logs reader"), "dockerd does not show another's lines")
        docker.do("docker rm --force reader")

    assert "no-log-owners" in refusing(docker.shell(command).stderr)
    docker.do(f"{READER} --log-opt env=customer --env customer=shop busybox echo mine")
    wait_until(lambda: docker.do("docker logs reader") == "mine\n", "an own line does not come")


def test_a_certificate_tells_no_longer_whether_a_file_is_there(listening: GuardedDocker) -> None:
    command = f"{TLS} --log-opt syslog-tls-ca-cert=/root/nothing-here busybox true"
    with listening.guarded_by(stub("allow")):
        assert "no such file" in listening.shell(command).stderr

    answer = listening.shell(command).stderr
    assert "no-log-files" in refusing(answer)
    assert "no such file" not in answer
