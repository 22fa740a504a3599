"""Log drivers run in dockerd, as root: what a container's log options reach unguarded, and that portero refuses it."""

import sys
from collections.abc import Iterator

import pytest

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


def test_a_certificate_tells_no_longer_whether_a_file_is_there(listening: GuardedDocker) -> None:
    command = f"{TLS} --log-opt syslog-tls-ca-cert=/root/nothing-here busybox true"
    with listening.guarded_by(stub("allow")):
        assert "no such file" in listening.shell(command).stderr

    answer = listening.shell(command).stderr
    assert "no-log-files" in refusing(answer)
    assert "no such file" not in answer
