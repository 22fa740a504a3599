"""What was shown to open or end a host: refused by its rule, at its place, at a real dockerd; its twin is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import BOTH_ENGINES
from .guarded import GuardedDocker, serve
from .refusals import refusing

pytestmark = [pytest.mark.e2e, BOTH_ENGINES]

# Profile, command, and rule and place of each refusal (-: dockerd carries it out). RUN: what hardened asks of a run.
LINES = Path(__file__).with_name("ways-to-the-host.tsv").read_text(encoding="utf-8").splitlines()
CASES = [line.split("\t") for line in LINES if not line.startswith("#")]
RUN = (
    "docker run --rm -m 64m --memory-swap 64m --cpus 1 --pids-limit 50 --ulimit nofile=1024:1024 --init --restart no"
    " --security-opt no-new-privileges"
)
MADE = """
mkdir -p /data/used /srv/site; truncate -s 1M /data/used/disk.img /data/free.img; losetup -f /data/used/disk.img
echo nameserver 10.55.0.53 > /srv/resolv.conf; mount --bind /srv/resolv.conf /etc/resolv.conf
echo '{"subnets": ["10.56.0.0/16"]}' > /srv/site/site.json
mkdir -p /srv/own-pids/bin /srv/own-pids/data; cp /bin/sleep /srv/own-pids/bin/agent
unshare --pid --fork --mount-proc /srv/own-pids/bin/agent 600 > /dev/null 2>&1 & echo $! > /srv/own-pids.pid
docker network create -o com.docker.network.bridge.enable_icc=false joined
docker run -d --name grown busybox sleep 3600; docker run -d --name calm busybox sleep 3600
truncate -s 2M $(docker inspect -f '{{.HostsPath}}' grown)
docker create --name later -m 64m --memory-swap 64m --cpus 1 --pids-limit 50 --ulimit nofile=1024:1024 \
  -v /var/log/later:/x:ro busybox true
docker create --name sooner -m 64m --memory-swap 64m --cpus 1 --pids-limit 50 --ulimit nofile=1024:1024 \
  -v /srv/sooner:/x:ro busybox true
"""


UNDO = """
kill $(ps -o pid= --ppid $(cat /srv/own-pids.pid)); umount /etc/resolv.conf
losetup -n -O NAME -j /data/used/disk.img | xargs -r losetup -d
"""


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> Iterator[GuardedDocker]:
    own_docker.unguard()
    own_docker.do(MADE)
    own_docker.guard()
    yield own_docker
    own_docker.shell(UNDO)


@pytest.mark.parametrize(("profile", "command", "refused"), CASES, ids=[command for _, command, _ in CASES])
def test_a_way_to_the_host_is_refused_at_its_place_and_its_twin_is_not(
    docker: GuardedDocker, profile: str, command: str, refused: str
) -> None:
    docker.have_plugin(
        serve(profile, "--host-root", "/", *(("--schemas", "/srv/site") if profile == "hardened" else ()))
    )

    done = docker.shell(command.replace("RUN ", f"{RUN} "))

    expected = [] if refused == "-" else refused.split(", ")
    assert sorted(refusing(done.stderr)) == sorted(each.split(" ")[0] for each in expected), done.stderr
    assert all(each in " ".join(done.stderr.split()) for each in expected), done.stderr
    assert expected or done.returncode == 0, done.stderr
