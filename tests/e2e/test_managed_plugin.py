"""Portero as a managed plugin, built by `make plugin` on a base that comes from no registry."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.packaging.commands import run
from tests.packaging.package import gather_for_distribution

from .debian_base import pack_debian
from .decisions import Decisions, compare, decide_guarded
from .guarded import GuardedDocker
from .host import REPOSITORY, Process
from .refusals import refusing

pytestmark = pytest.mark.e2e

BASE = "python-base:latest"


@pytest.fixture(scope="module")
def base() -> bytes:
    """Its root file system, as a tar stream."""
    return pack_debian("python3")


@pytest.fixture(scope="module")
def on_host(own_docker: GuardedDocker) -> Decisions:
    """What the process on the host decides, before the managed plugin takes its place."""
    return decide_guarded(own_docker)


@pytest.fixture(scope="module")
def built(
    own_docker: GuardedDocker, on_host: Decisions, base: bytes, tmp_path_factory: pytest.TempPathFactory
) -> GuardedDocker:
    """A dockerd that has the managed plugin, disabled, instead of the process on the host."""
    own_docker.unguard()
    own_docker.stop_plugin()
    # pip comes over the machine's network, as the wheels do; the build itself, on the throw-away host, has none.
    environment = {**os.environ, "DOCKER_HOST": f"unix://{own_docker.socket}", "BASE": BASE, "PYTHON": sys.executable}
    subprocess.run(["docker", "import", "-", BASE], input=base, check=True, env=environment, capture_output=True)
    environment["DEST"] = str(tmp_path_factory.mktemp("plugin"))
    environment["WHEELS"] = str(gather_for_distribution(tmp_path_factory))
    built = run("packaging/build.sh", cwd=REPOSITORY, env=environment)
    assert built.returncode == 0, built.stdout + built.stderr
    return own_docker


@contextmanager
def _guarded(docker: GuardedDocker, *settings: str) -> Iterator[GuardedDocker]:
    """The plugin enabled with these settings and named to dockerd."""
    assert docker.docker("plugin", "set", "portero", *settings).returncode == 0
    enabled = docker.docker("plugin", "enable", "portero")
    assert enabled.returncode == 0, enabled.stderr + docker.logs()
    docker.guard()
    try:
        yield docker
    finally:
        docker.unguard()
        docker.docker("plugin", "disable", "-f", "portero")


@pytest.fixture(scope="module")
def plain(built: GuardedDocker) -> Iterator[GuardedDocker]:
    """Guarded by the plugin as it is installed."""
    with _guarded(built, "PORTERO_PROFILE=baseline") as docker:
        yield docker


def test_a_harmless_container_runs(plain: GuardedDocker) -> None:
    ran = plain.docker("run", "--rm", "busybox", "echo", "hello")

    assert (ran.returncode, ran.stdout) == (0, "hello\n"), ran.stderr


def test_a_privileged_container_is_refused(plain: GuardedDocker) -> None:
    ran = plain.docker("run", "--rm", "--privileged", "busybox", "id")

    assert ran.returncode != 0
    assert "authorization denied by plugin portero:latest" in ran.stderr
    assert "no-privileged  HostConfig.Privileged" in ran.stderr


def test_a_source_whose_links_cannot_be_followed_is_refused_and_the_reason_says_so(plain: GuardedDocker) -> None:
    ran = plain.docker("run", "--rm", "-v", "/srv/data:/data:ro", "busybox", "id")

    assert ran.returncode != 0
    assert "host-paths-seen  HostConfig.Binds[0]" in ran.stderr
    assert "trusted-roots" in ran.stderr


def test_the_plugin_does_not_let_itself_be_switched_off(plain: GuardedDocker) -> None:
    for words in (("disable", "-f"), ("rm", "-f")):
        answer = plain.docker("plugin", *words, "portero")

        assert answer.returncode != 0
        assert "no-plugin-changes" in answer.stderr


def test_what_comes_through_a_door_is_denied(plain: GuardedDocker) -> None:
    """docs/install.md says so: the plugin sees no key of the host."""
    folder, key = "/run/portero-door/users", "/srv/door-key"
    plain.do(f"mkdir -p {folder}")
    made = plain.portero("door", "key", "--account", "root", "--private", key, "--public", "/var/lib/portero/door.pub")
    assert made.returncode == 0, made.stderr
    command = [sys.executable, "-m", "portero", "door", "serve", "--dockerd", plain.SOCKET, "--key", key]
    door = Process(plain.host, "door", [*command, f"--listen=users={folder}/docker.sock"])
    try:
        door.wait_for(plain.host.path(f"{folder}/docker.sock").exists)
        answer = plain.shell(f"curl -s --unix-socket {folder}/docker.sock http://d/info").stdout
    finally:
        door.stop()

    assert refusing(json.loads(answer)["message"]) == ["door-invalid"]
    assert plain.docker("info").returncode == 0


def test_decisions_stand_in_the_daemon_s_log(plain: GuardedDocker) -> None:
    plain.docker("run", "--rm", "--privileged", "busybox", "id")

    assert '\\"operation\\":\\"ContainerCreate\\"' in plain.daemon_log()


def test_the_command_status_finds_the_plugin_s_socket(plain: GuardedDocker) -> None:
    shown = plain.portero("status", "--json")

    assert json.loads(shown.stdout)["log"] == "-", shown.stderr


def test_the_report_reads_decisions_in_the_daemon_s_log(plain: GuardedDocker, tmp_path: Path) -> None:
    plain.docker("run", "--rm", "--privileged", "busybox", "id")
    lines = [line for line in plain.daemon_log().splitlines() if "plugin=" in line and "level=info" in line]
    log = plain.host.path("/tmp/plugin.log")
    log.write_text("\n".join(lines))

    report = plain.portero("report", "--json", "/tmp/plugin.log")

    assert report.returncode in (0, 1), report.stderr
    assert json.loads(report.stdout)["refused"] >= 1


def test_a_managed_plugin_that_hides_the_portero_on_the_host_is_reported(plain: GuardedDocker) -> None:
    plain.start_plugin()
    try:
        checked = json.loads(plain.portero("host", "--json").stdout)
        scanned = json.loads(plain.portero("scan", "--json", "--docker-host", "unix:///run/docker.sock").stdout)
    finally:
        plain.stop_plugin()

    daemon = checked["host"]["daemon"]
    assert [name.partition(" ")[0] for name in daemon["managedPlugins"]["shadows"]["value"]] == ["portero"]
    assert checked["host"]["probes"]["arrive"]["value"] is False
    assert {"no-plugin-shadow", "probes-arrive"} <= {finding["rule"] for finding in checked["findings"]}
    assert [name.partition(" ")[0] for name in scanned["plugins"]["shadows"]] == ["portero"]


def test_an_ordinary_network_is_made_and_one_that_takes_the_host_s_addresses_or_bridges_is_not(
    plain: GuardedDocker,
) -> None:
    plain.shell("ip address add 10.77.0.1/16 dev lo; ip link add br-host type bridge")
    bridge = "-o com.docker.network.bridge.name"

    made = plain.shell(f"docker network create --subnet 172.28.0.0/16 {bridge}=br-mine my-net")
    refused = [
        plain.shell(f"docker network create --subnet {subnet} no").stderr
        for subnet in ("10.77.3.0/24", "169.254.169.0/24")
    ]
    taken = plain.shell(f"docker network create {bridge}=br-host no").stderr
    # Without its socket the plugin cannot tell whose ID a name without a hyphen begins.
    cleared = plain.shell("ip address del 10.77.0.1/16 dev lo && ip link del br-host && docker network rm my-net")

    assert (made.returncode, cleared.returncode) == (0, 0), made.stderr + cleared.stderr
    assert all("network-subnets" in one for one in refused), refused
    assert "bridge-names" in taken, taken


# What the plugin does not see, it refuses: links of bind sources, and without its mount the names behind network IDs.
UNSEEN = {"host-paths-seen", "joined-containers-seen", "network-resolved"}


def test_the_plugin_decides_as_on_the_host_or_refuses_what_it_does_not_see(
    plain: GuardedDocker, on_host: Decisions
) -> None:
    # The second plugin refuses Portero's own lookups on the host, too.
    compared = compare(on_host, decide_guarded(plain)).items()
    different = {name: rules for name, rules in compared if rules[0] != {"lookup-failed"}}

    assert len(on_host) > 480
    assert {name: rules for name, rules in different.items() if rules[0] or not rules[1] or rules[1] - UNSEEN} == {}
    # Those whose sources are somewhere on the host, such as /home/operator.
    assert len(different) < len(on_host) / 10


@pytest.fixture(params=["hardened"])
def mounted(request: pytest.FixtureRequest, built: GuardedDocker, plain: GuardedDocker) -> Iterator[GuardedDocker]:
    """Guarded by the plugin with a policy folder, daemon.json and the socket of dockerd."""
    plain.unguard()
    plain.docker("plugin", "disable", "-f", "portero")
    built.shell("mkdir -p /etc/portero/policy")
    built.host.path("/etc/portero/policy/site.json").write_text(
        '{"trusted-roots": ["/srv/data"], "bind-sources-read-only": ["/srv/data"]}'
    )
    settings = (
        *(f"PORTERO_PROFILE={request.param}", "PORTERO_SCHEMAS=/etc/portero/policy", "policy.source=/etc/portero"),
        *("daemon-config.source=/etc/docker", "docker-socket.source=/run/docker.sock"),
        "PORTERO_DOCKER_HOST=unix:///run/docker.sock",
    )
    with _guarded(built, *settings) as docker:
        yield docker


LIMITS = "-m 64m --memory-swap 64m --cpus 1 --pids-limit 100 --ulimit nofile=1024:2048"
HARDENED = f"{LIMITS} --cap-drop ALL --read-only --user 1000:1000 --security-opt no-new-privileges"


def test_with_its_mounts_the_plugin_knows_policy_daemon_json_and_networks(mounted: GuardedDocker) -> None:
    run = f"docker run --rm {HARDENED} --network none -v /srv/data:/data:ro busybox echo hello"
    ran = mounted.shell(run)
    by_id = mounted.shell(
        "docker network create -o com.docker.network.bridge.enable_icc=false n1 && "
        f"docker run --rm {HARDENED} --network $(docker network ls -q --no-trunc -f name=n1) busybox echo by-id"
    )
    mounted.write_daemon_config({"authorization-plugins": ["portero"], "seccomp-profile": "unconfined"})
    refused = mounted.shell(run)

    assert (ran.returncode, ran.stdout) == (0, "hello\n"), ran.stderr
    assert by_id.stdout.endswith("by-id\n"), by_id.stderr
    assert "seccomp" in refused.stderr


STACK = Path(__file__).with_name("swarm-stack.yaml").read_text()


@pytest.mark.parametrize("mounted", ["baseline"], indirect=True)
def test_services_of_a_stack_on_its_own_network_are_scaled_updated_and_rolled_back(mounted: GuardedDocker) -> None:
    mounted.host.path("/srv/stack.yaml").write_text(STACK)
    commands = (
        "stack deploy --resolve-image never --detach=true -c /srv/stack.yaml shop",
        "service scale --detach shop_web=2",
        "service update --detach --no-resolve-image --env-add A=b shop_web",
        "service rollback --detach shop_web",
        "stack rm shop",
    )

    for command in commands:
        mounted.do(f"docker {command}")


def test_a_plugin_that_cannot_start_says_why_in_the_daemon_s_log_and_is_started_once(built: GuardedDocker) -> None:
    built.docker("plugin", "set", "portero", "PORTERO_SCHEMAS=/nowhere")

    for _ in range(2):
        assert built.docker("plugin", "enable", "portero").returncode != 0

    assert built.daemon_log().count('msg="portero: /nowhere: is not there') == 2
