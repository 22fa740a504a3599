"""A newcomer with the pages alone, on this machine's Debian and on Debian 12: docs/quickstart.md is typed as it stands.

Then a reboot, doors on, off and on, an upgrade, one that does not start, and the end. The tests are steps of one walk.
"""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

from .checkout import CHECKOUT, DAEMON, bring_checkout, type_lines
from .fleet import wait_until
from .machine import ROOT_FOLDER, Machine, Network

pytestmark = pytest.mark.e2e
# Made by tests/fleet/debian.sh, as .ci/run does.
DEBIAN_12 = Path(os.environ.get("PORTERO_FLEET_DEBIAN12", "/var/cache/portero/bookworm-machine"))
TRY, INSTALL, ASK, REPORT, ENFORCE, DENIED, REMOVE = re.findall(
    r"```sh\n(.+?)```", (ROOT / "docs/quickstart.md").read_text(), re.DOTALL
)
# No table of the kernel's packet filter is this machine's own.
OWN: dict[str, object] = {"iptables": False, "ip6tables": False}
STARTED = "docker inspect -f '{{.State.StartedAt}} {{.State.Running}}' stays"
LISTS = """
import socket
with socket.socket(socket.AF_UNIX) as door:
    door.connect("/run/docker.sock")
    door.sendall(b"GET /containers/json HTTP/1.1\\r\\nHost: docker\\r\\n\\r\\n")
    answer = door.makefile("rb").read()
assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\\r\\n0\\r\\n\\r\\n"), answer
"""
ALICIA = "setpriv --reuid=alicia --regid=alicia --init-groups"


@pytest.fixture(scope="module", params=["this Debian", "Debian 12"])
def network(request: pytest.FixtureRequest) -> Iterator[Network]:
    root = DEBIAN_12 if request.param == "Debian 12" else ROOT_FOLDER
    with Network({"web1": "10.77.0.2"}, root) as made:
        yield made


@pytest.fixture(scope="module")
def machine(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """With this checkout, and a container that runs since before Portero came."""
    booted = network.boot("web1")
    bring_checkout(booted, tmp_path_factory, OWN)
    booted.do("docker run -d --init --restart=always --network none --name stays busybox sleep 99999")
    booted.do("groupadd -f docker; useradd -m -G docker alicia")
    return booted


def test_docker_denies_and_a_container_survives(machine: Machine) -> None:
    began = time.monotonic()
    tried = type_lines(machine, TRY)
    took = time.monotonic() - began
    assert "no-privileged" in tried.stdout + tried.stderr
    installed = type_lines(machine, INSTALL)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    shipped = json.loads(machine.path("/usr/local/share/portero/daemon.json").read_text())
    machine.path(DAEMON).write_text(json.dumps({**shipped, **OWN}))
    before = machine.do(STARTED)
    asked = type_lines(machine, ASK)
    assert (asked.returncode, re.findall("^ *guarded +(yes)", asked.stdout, re.MULTILINE)) == (1, ["yes"]), asked.stdout
    assert type_lines(machine, REPORT.replace("docker run", "docker run --network none")).returncode == 0
    assert machine.path(f"{CHECKOUT}/report.html").exists()
    enforced = type_lines(machine, ENFORCE)

    print(f"newcomer: a denial {took:.0f} s after the clone")
    assert enforced.returncode == 0, enforced.stdout + enforced.stderr
    assert "have restarted, and open no device" in enforced.stdout
    assert re.search("^attention +none$", enforced.stdout, re.MULTILINE)
    assert machine.do(STARTED) == before
    denied = type_lines(machine, DENIED)
    assert "authorization denied by plugin portero" in denied.stderr
    assert machine.shell("systemctl --failed --no-legend").stdout == ""


def test_after_a_power_cut_it_denies_again(machine: Machine, network: Network) -> None:
    machine.power_off()
    booted = network.boot("web1")
    machine.__dict__.update(booted.__dict__)
    machine.wait_until_booted()
    wait_until(lambda: "true" in machine.shell(STARTED).stdout, "the container does not come back")

    chain = machine.shell("systemd-analyze critical-chain docker.service --no-pager").stdout
    print(f"newcomer: {chain}")
    assert "authorization denied by plugin portero" in type_lines(machine, DENIED).stderr
    assert machine.do("cat /run/portero-devices/docker.service")


def test_doors_go_on_off_and_on(machine: Machine) -> None:
    site = {"doors": [{"name": "users", "groups": ["docker"]}], "ownership": "owner", "operator-groups": ["docker"]}
    machine.path("/etc/portero/policy/site.json").write_text(json.dumps(site))
    wait_until(lambda: "users" in machine.shell("portero door list").stdout, "the policy is not in force")
    for verb in ("enable", "disable", "enable"):
        machine.do("systemctl reset-failed docker containerd")
        done = machine.shell(f"portero door {verb} --yes", timeout=200)
        assert done.returncode == 0, (verb, done.stderr)
        wait_until(lambda: "stays" in machine.shell(f"{ALICIA} docker ps").stdout, f"docker does not work ({verb})")


def test_an_upgrade_refuses_nothing_and_one_that_does_not_start_is_taken_back(machine: Machine) -> None:
    """Nor do restarts of door and plugin.

    The docker command line pings first, and waits there while the plugin restarts. Others list at once.
    """
    machine.path("/run/lists.py").write_text(LISTS)
    for client in ("docker ps >/dev/null", *4 * ["sleep 0.7; python3 /run/lists.py"]):
        machine.do(f"(while [ ! -e /run/enough ]; do {client} 2>>/run/failed; done &) >/dev/null 2>&1")
    notes = machine.path(f"{CHECKOUT}/packaging/files/environment")
    notes.write_text(notes.read_text() + "# new\n")
    upgraded = type_lines(machine, "make upgrade")
    for unit in 4 * ("portero", "portero-door"):
        machine.do(f"systemctl restart {unit}")
    machine.do("touch /run/enough")
    assert upgraded.returncode == 0, upgraded.stdout + upgraded.stderr
    assert machine.do("cat /run/failed") == ""
    first = machine.do("readlink /opt/portero/current")

    unit = machine.path(f"{CHECKOUT}/packaging/systemd/portero.service")
    unit.write_text(unit.read_text().replace("portero serve\n", "portero serve --nothing\n"))
    back = type_lines(machine, "make upgrade")

    assert (back.returncode, "went back to" in back.stderr) == (2, True), back.stdout + back.stderr
    assert machine.do("readlink /opt/portero/current") == first
    assert "--nothing" not in machine.do("systemctl cat portero.service")
    assert "authorization denied by plugin portero" in type_lines(machine, DENIED).stderr


def test_it_goes_as_the_page_says_and_docker_works(machine: Machine) -> None:
    machine.do("portero door disable --yes", timeout=200)
    machine.path(DAEMON).write_text(json.dumps({**OWN, "live-restore": True}))
    removed = type_lines(machine, REMOVE)

    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert "portero is removed" in removed.stdout
    assert not machine.path("/usr/local/bin/portero").is_symlink()
    machine.do(
        "docker run --rm --privileged --network none busybox true;"
        " systemctl reset-failed docker; systemctl restart docker"
    )
    assert "stays" in machine.do("docker ps")
