"""gRPC over HTTP/2 at dockerd 29.7.2: BuildKit answers under `restricted`, no plugin is asked (docker-facts 5.8)."""

import json
import sys
from collections.abc import Iterator, Mapping

import pytest

from tests.e2e import tls
from tests.paths import ROOT

from .conftest import started
from .dockerd import DOCKERD
from .engine import FOLDERS
from .guarded import GuardedDocker
from .refusals import REFUSED

pytestmark = pytest.mark.e2e

CONTROL = "/moby.buildkit.v1.Control"
# One of each service of BuildKit, and a method that none has.
ANSWERED = (
    *(f"{CONTROL}/Info", f"{CONTROL}/ListWorkers", f"{CONTROL}/DiskUsage"),
    *("/containerd.services.content.v1.Content/List", "/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
)
UNKNOWN_METHOD, OK, UNIMPLEMENTED = f"{CONTROL}/Nothing", "0", "12"
OFF = {"builder": {"entitlements": {"network-host": False, "security-insecure": False}}}
# Of a user of the socket, with the docker command line alone.
BUILD = """
mkdir -p /srv/b && cd /srv/b && printf 'FROM busybox\\nRUN --network=host id > /made\\n' > Dockerfile
docker buildx create --name past --driver remote unix:///run/docker.sock
docker buildx build --builder past --allow network.host --output /srv/out .
"""
SOCKET, OWN_PORT, HANDED_PORT = "/run/docker.sock", tls.PORT, 2377
# A program that starts another one with a TCP socket, as systemd hands it over (sd_listen_fds(3)).
HAND_OVER = f"""
import os, socket, sys
listening = socket.create_server(("127.0.0.1", {HANDED_PORT}))
os.dup2(listening.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Handed(GuardedDocker):
    """A dockerd with TLS on a socket from systemd alone."""

    def _start_dockerd(self) -> None:
        words = [*DOCKERD, f"-H=unix://{SOCKET}", "-H=fd://", *tls.OPTIONS[1:]]
        self.run_dockerd([sys.executable, "-c", HAND_OVER, *words])


@pytest.fixture(scope="module")
def newest() -> Iterator[GuardedDocker]:
    with started(GuardedDocker(profile="restricted", engine=FOLDERS["29.7"], tls=True)) as docker:
        yield docker


def _call(docker: GuardedDocker, address: object, *methods: str) -> Mapping[str, str]:
    """What comes of each call. Not a request of it is asked about."""
    before = docker.log_size()
    words = [sys.executable, "-m", "tests.e2e.grpc_call", str(address), *methods]
    done = docker.host.run(["env", f"PYTHONPATH={ROOT}", *words])
    assert done.returncode == 0, done.stderr
    assert docker.decisions(before) == []
    answers: Mapping[str, str] = json.loads(done.stdout)
    return answers


def test_buildkit_answers_on_the_unix_socket_and_nothing_is_logged(newest: GuardedDocker) -> None:
    assert _call(newest, SOCKET, *ANSWERED) == dict.fromkeys(ANSWERED, OK)
    assert _call(newest, SOCKET, UNKNOWN_METHOD) == {UNKNOWN_METHOD: UNIMPLEMENTED}


def test_other_requests_over_http_2_are_asked(newest: GuardedDocker) -> None:
    before = newest.log_size()

    assert newest.do(f"curl -s --http2-prior-knowledge --unix-socket {SOCKET} -X POST http://docker/session").strip()

    assert [(one["operation"], one["allowed"]) for one in newest.decisions(before)] == [("Session", False)]


def test_the_requests_of_the_docker_command_line_are_asked_and_refused(newest: GuardedDocker) -> None:
    before = newest.log_size()

    done = newest.shell("mkdir -p /srv/b; cd /srv/b; echo FROM busybox > Dockerfile; docker build .")

    assert REFUSED in done.stderr
    assert "Grpc" in {one["operation"] for one in newest.decisions(before) if not one["allowed"]}


def test_tls_of_its_own_offers_http_1_1_alone(newest: GuardedDocker) -> None:
    (said,) = _call(newest, f"{OWN_PORT}:{tls.FOLDER}/{tls.CLIENT}", ANSWERED[0]).values()

    assert "no application protocol" in said.lower()


def test_buildx_builds_past_restricted_with_the_hosts_network_on_the_hosts_disk(newest: GuardedDocker) -> None:
    before = newest.log_size()

    newest.do(BUILD, 100)

    assert newest.host.path("/srv/out/made").read_text().startswith("uid=0(root)")
    assert {one["operation"] for one in newest.decisions(before)} == {"SystemPingHead"}


def test_entitlements_hold_there_and_tls_on_a_socket_from_systemd_takes_it() -> None:
    with started(Handed(profile="restricted", engine=FOLDERS["29.7"], tls=True, daemon_config=OFF)) as docker:
        done = docker.shell(BUILD, timeout=100)
        assert "network.host is not allowed by build daemon configuration" in done.stderr

        methods = ANSWERED[:2]
        assert _call(docker, f"{HANDED_PORT}:{tls.FOLDER}/{tls.CLIENT}", *methods) == dict.fromkeys(methods, OK)


def test_28_5_closes_such_a_connection() -> None:
    with started(GuardedDocker(profile="restricted", engine=FOLDERS["28.5"])) as docker:
        (said,) = _call(docker, SOCKET, ANSWERED[0]).values()

        assert said.startswith("none: ")


def test_portero_host_and_status_say_so_until_the_socket_is_roots(newest: GuardedDocker) -> None:
    def findings() -> set[str]:
        done = newest.portero("host", "--json", "--no-probe", "--profile", "baseline")
        return {finding["rule"] for finding in json.loads(done.stdout)["findings"]}

    def told(*words: str) -> tuple[list[str], list[str], bool]:
        """The warning, what needs attention for it, and whether nothing does."""
        done = newest.portero("status", "--json", *words)
        said = json.loads(done.stdout)
        return (
            *([one for one in said[name] if "gRPC" in one] for name in ("warnings", "attention")),
            done.returncode == 0,
        )

    newest.do(f"groupadd -f docker; usermod -aG docker nobody; chgrp docker {SOCKET} /srv/engine/api")
    assert "grpc-asks-plugins" in findings()
    (line,), unneeded, _ = told()
    assert line.startswith("dockerd 29.7.2 answers gRPC over HTTP/2 without asking portero")
    assert "open to nobody;" in line
    assert unneeded == []
    # The profile denies builds.
    assert told("--expect-guarded") == ([line], [line], False)

    newest.do(f"chgrp root {SOCKET} /srv/engine/api")
    assert "grpc-asks-plugins" not in findings()
    assert told("--expect-guarded")[:2] == ([], [])
