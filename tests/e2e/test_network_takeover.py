"""Networks that would take over the host's: no effect at a real dockerd, and ordinary networks are made."""

from collections.abc import Iterator

import pytest

from .guarded import GuardedDocker
from .refusals import refusing

pytestmark = pytest.mark.e2e

BRIDGE = "com.docker.network.bridge"


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> GuardedDocker:
    """A host with a bridge of its own, an address, and a route in another table."""
    own_docker.do("""set -e
        ip link add br0 type bridge; ip addr add 192.168.50.1/24 dev br0; ip link set br0 up
        ip addr add 10.99.0.9/32 dev lo
        ip rule add to 10.64.0.0/16 table 52; ip route add 10.64.0.0/16 dev br0 table 52
    """)
    return own_docker


@pytest.fixture(autouse=True)
def no_networks_left(docker: GuardedDocker) -> Iterator[None]:
    yield
    for name in ("taken", "fine"):
        docker.client.ask("DELETE", f"/networks/{name}")


@pytest.mark.parametrize(
    ("options", "rule", "at"),
    [
        (("--subnet", "169.254.169.0/24"), "network-subnets", "IPAM.Config[0].Subnet"),
        (("--subnet", "8.8.8.0/24"), "network-subnets", "IPAM.Config[0].Subnet"),
        (("--subnet", "192.168.50.128/25"), "network-subnets", "IPAM.Config[0].Subnet"),
        (("--subnet", "10.99.0.0/24"), "network-subnets", "IPAM.Config[0].Subnet"),
        (("--subnet", "10.64.7.0/24"), "network-subnets", "IPAM.Config[0].Subnet"),
        (("--driver", "overlay", "--subnet", "8.8.4.0/24"), "network-subnets", "IPAM.Config[0].Subnet"),
        (("--config-only", "--subnet", "9.9.9.0/24"), "network-subnets", "IPAM.Config[0].Subnet"),
        (("--opt", f"{BRIDGE}.name=br0"), "bridge-names", "Options"),
        (("--opt", f"{BRIDGE}.default_bridge=true"), "bridge-names", "Options"),
        (("--driver", "overlay", "--ingress"), "no-swarm-changes", "Driver"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_network_that_takes_over_the_hosts_is_refused(
    docker: GuardedDocker, options: tuple[str, ...], rule: str, at: str
) -> None:
    before = docker.shell("ip -4 -o addr; ip -4 route show table all").stdout

    refused = docker.docker("network", "create", *options, "taken")

    assert refusing(refused.stderr) == [rule], refused.stderr
    assert f"{rule}  {at}: " in refused.stderr
    assert docker.shell("ip -4 -o addr; ip -4 route show table all").stdout == before
    assert docker.client.ask("GET", "/networks/taken").status == 404


def test_the_ingress_network_stays(docker: GuardedDocker) -> None:
    ingress = docker.client.ask("GET", "/networks/ingress").json()["Id"]

    for name in ("ingress", ingress, ingress[:7]):
        refused = docker.client.ask("DELETE", f"/networks/{name}")
        assert refusing(refused.message) == ["no-swarm-changes"], (name, refused.message)

    assert docker.client.ask("GET", "/networks/ingress").status == 200


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--subnet", "172.28.0.0/16"),
        ("--subnet", "172.28.0.0/16", "--gateway", "172.28.5.254", "--ip-range", "172.28.5.0/24"),
        ("--internal", "--subnet", "10.98.0.0/24"),
        ("--ipv6", "--subnet", "fd00:28::/64"),
        ("--opt", f"{BRIDGE}.name=br-fine"),
        ("--driver", "overlay", "--attachable", "--subnet", "10.97.0.0/24"),
        ("--driver", "ipvlan", "--opt", "parent=br0", "--subnet", "192.168.50.0/24"),
    ],
    ids=" ".join,
)
def test_an_ordinary_network_is_made_and_removed(docker: GuardedDocker, options: tuple[str, ...]) -> None:
    made = docker.docker("network", "create", *options, "fine")
    assert made.returncode == 0, made.stderr

    again = docker.docker("network", "rm", made.stdout.strip())

    assert again.returncode == 0, again.stderr


def test_a_compose_project_with_its_own_subnet_comes_up_twice(docker: GuardedDocker) -> None:
    project = {
        "services": {"web": {"image": "busybox:latest", "command": "sleep 600"}},
        "networks": {"default": {"ipam": {"config": [{"subnet": "172.28.0.0/16"}]}}},
    }
    docker.write_json("/srv/app/docker-compose.yml", project)

    for _ in range(2):
        docker.do("docker-compose up -d && docker-compose down -t 0", cwd="/srv/app")
