"""Doors under a real systemd: put before dockerd, kept through restarts in every order, and taken away again."""

import itertools
import json
import re
import time
from collections.abc import Iterator

import pytest

from .fleet import wait_until
from .installed import installed
from .machine import Machine

pytestmark = pytest.mark.e2e
DOORS = {
    "doors": [
        {"name": "users"},
        {"name": "traefik", "operations": ["traefik"], "containers": {"users": ["unix:root"]}},
    ],
    "actions": {"unseen-device-nodes": "off"},
}
DAEMON = {"iptables": False, "ip6tables": False, "authorization-plugins": ["portero"]}
SITE = "/etc/portero/policy/site.json"
LOG = "/var/log/portero/decisions.jsonl"
TRAEFIK = "/run/portero-door/doors/traefik"
MAIN = "systemctl show --value --property MainPID portero-door.service"
RUNS = "--init --restart=always --name runs box:1 busybox sleep 9999"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with installed(tmp_path_factory) as (booted, _):
        booted.path(SITE).write_text(json.dumps(DOORS))
        booted.path("/etc/docker").mkdir(exist_ok=True)
        booted.path("/etc/docker/daemon.json").write_text(json.dumps(DAEMON))
        booted.do("echo PORTERO_PROFILE=baseline >> /etc/portero/environment; systemctl restart portero docker")
        booted.do("mkdir -p /srv/box/bin; cp /bin/busybox /srv/box/bin; ln -s busybox /srv/box/bin/sh")
        booted.do("tar -C /srv/box -c . | docker import - box:1")
        booted.do(f"docker run -d {RUNS} && groupadd -f docker && useradd -m -G docker alicia")
        yield booted


def _users(machine: Machine, since: int) -> set[str]:
    lines = machine.path(LOG).read_text().splitlines()[since:]
    return {one["user"] for one in map(json.loads, lines) if one["operation"] == "ContainerList"}


def _count(machine: Machine) -> int:
    return len(machine.path(LOG).read_text().splitlines())


def test_doors_come_stay_and_go(machine: Machine) -> None:
    before = machine.do("stat -c '%U:%G %a' /run/docker.sock")
    done = machine.shell("portero door enable --yes", timeout=200)
    assert done.returncode == 0, done.stderr + machine.shell("journalctl -u portero-door --no-pager -n 20").stdout
    said = done.stdout

    assert "running containers stop (no live-restore)" in said
    assert machine.do("stat -c '%U:%G %a' /run/docker.sock") == before
    assert machine.do("stat -c '%U:%G %a' /run/portero-door/dockerd.sock /run/portero-door/doors") == (
        "root:portero-door 660\nroot:root 700\n"
    )
    since = _count(machine)
    alicia = "setpriv --reuid=alicia --regid=alicia --init-groups"
    assert "runs" in machine.do(f"{alicia} docker ps -a")
    assert "permission denied" in machine.shell(f"{alicia} docker -H unix:///run/portero-door/dockerd.sock ps").stderr
    assert "permission denied" in machine.shell(f"{alicia} docker -H unix://{TRAEFIK}/docker.sock ps").stderr
    assert _users(machine, since) == {"unix:alicia"}
    assert "door-operations" in machine.shell(f"docker -H unix://{TRAEFIK}/docker.sock logs runs").stderr
    assert "users" in machine.do("systemctl show portero-door --property=StatusText")

    assert re.search("^doors .*users.* connections, 0 refused", machine.shell("portero status").stdout, re.MULTILINE)
    found = machine.shell("portero host").stdout
    assert "socket-permissions" not in found
    assert "doors-only" not in found

    # One whom the entry lists gets the folder of a door, and the door knows it.
    since = _count(machine)
    machine.do(f"docker run --rm -v {TRAEFIK}:/run/docker:ro box:1 sh -c 'test -S /run/docker/docker.sock'")
    refused = machine.shell(f"{alicia} docker run --rm -v {TRAEFIK}:/run/docker:ro box:1 true")
    assert "doors-listed" in refused.stderr

    for order in itertools.permutations(("docker", "portero", "portero-door")):
        since = _count(machine)
        # Of docker.service systemd allows three starts a minute.
        machine.do("systemctl reset-failed docker")
        machine.do(f"systemctl restart {' && systemctl restart '.join(order)}", timeout=200)
        assert "runs" in machine.do(f"{alicia} docker ps -a"), order
        machine.do(f"docker -H unix://{TRAEFIK}/docker.sock ps")
        assert _users(machine, since) == {"unix:alicia", "door:traefik"}, order

    # Any other way to dockerd is named.
    machine.do("gpasswd -a alicia portero-door")
    assert (
        "dockerd is reached past its doors: /run/portero-door/dockerd.sock: alicia"
        in machine.shell("portero status").stdout
    )
    assert "doors-only" in machine.shell("portero host").stdout
    machine.do("systemctl kill --signal=KILL portero-door.service; systemctl reset-failed docker")
    assert "runs" in machine.do(f"{alicia} docker ps -a")

    # One that is stopped does not hang everybody: systemd's watchdog replaces it, within 15 seconds at rest.
    machine.do("systemctl reset-failed docker; systemctl start portero-door")
    stopped = machine.do(MAIN)
    machine.do(f"kill -STOP {stopped}")
    began = time.monotonic()
    wait_until(lambda: machine.do(MAIN) not in (stopped, "0\n"), "systemd does not replace the door", 150)
    print(f"door: stopped, and replaced after {time.monotonic() - began:.1f} s")
    assert "runs" in machine.do(f"{alicia} docker ps -a")
    assert "Watchdog timeout" in machine.do("journalctl -u portero-door --no-pager --output cat --lines 30")

    assert machine.path(f"{TRAEFIK}/docker.sock").is_socket()
    machine.do("portero door disable --yes", timeout=200)
    assert not machine.path(f"{TRAEFIK}/docker.sock").exists()
    assert machine.do("stat -c '%U:%G %a' /run/docker.sock") == before
    since = _count(machine)
    assert "runs" in machine.do("docker ps -a")
    assert _users(machine, since) == {""}
    assert machine.shell("systemctl is-active portero-door").stdout == "inactive\n"
