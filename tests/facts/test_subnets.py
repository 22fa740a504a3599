"""What the address ranges of a new network take from the host."""

from typing import Any

import pytest

from portero.facts.subnets import find_taken, read_subnets
from portero.host.fixed_host import FixedHost
from portero.values.json_types import Fact

HOST = FixedHost({"routes": ["192.168.50.0/24", "fd77::/64"]})


def read(subnet: str, host: FixedHost = HOST, **body: Any) -> Any:
    (found,) = read_subnets({**body, "IPAM": {"Config": [{"Subnet": subnet}]}}, host)
    return found


@pytest.mark.parametrize(
    ("subnet", "private", "overlaps"),
    [
        ("172.28.0.0/16", True, []),
        ("192.168.50.128/25", True, ["192.168.50.0/24"]),
        ("10.0.0.0/8", True, []),
        ("10.0.0.0/7", False, []),
        ("172.16.0.0/12", True, []),
        ("172.16.0.0/11", False, []),
        ("172.32.0.0/16", False, []),
        ("192.168.128.0/17", True, []),
        ("192.169.0.0/16", False, []),
        ("fc00::/8", True, []),
        ("fe00::/16", False, []),
        ("169.254.169.0/24", False, []),
        ("8.8.8.0/24", False, []),
        ("0.0.0.0/1", False, []),
        ("fd77::/80", True, ["fd77::/64"]),
        ("fd78::/64", True, []),
        ("2001:db8:1::/64", True, []),
        ("2001:db7::/64", False, []),
        ("2001:db8::/31", False, []),
        ("::ffff:10.0.0.0/104", False, []),
    ],
)
def test_a_bridge_takes_what_its_subnet_covers(subnet: str, private: bool, overlaps: list[str]) -> None:
    found = read(subnet)

    assert (found["private"], found["overlaps"], found["hostAddress"]) == (private, overlaps, True)
    assert found["at"] == "IPAM.Config[0].Subnet"


def test_a_subnet_has_its_prefix_in_bits() -> None:
    assert read("10.128.0.0/9")["prefix"] == "4:000010101"


@pytest.mark.parametrize("subnet", ["010.0.0.0/8", "10.0.0.0/33", "x", "10.0.0.0/8/8", "fe80::%eth0/64 "])
def test_what_is_no_subnet_is_neither_private_nor_listed(subnet: str) -> None:
    found = read(subnet)

    assert (found["private"], found["prefix"]) == (False, "")


@pytest.mark.parametrize(
    ("body", "on_host"),
    [
        ({"Driver": "overlay"}, True),
        ({"Driver": "macvlan"}, False),
        ({"Driver": "ipvlan"}, False),
        ({"Driver": "macvlan", "ConfigOnly": True}, True),
    ],
)
def test_only_some_drivers_give_the_host_an_address(body: dict[str, object], on_host: bool) -> None:
    found = read("192.168.50.0/24", **body)

    assert (found["hostAddress"], bool(found["overlaps"])) == (on_host, on_host)


def test_routes_that_are_not_visible_are_not_none() -> None:
    assert read("10.1.0.0/16", FixedHost({"visible": False}))["overlaps"] == ["unseen"]


def test_without_a_subnet_docker_chooses_a_free_one() -> None:
    body: Fact = {"IPAM": {"Driver": "default", "Config": [{"Gateway": ""}]}}

    assert read_subnets(body, HOST) == []


def test_networks_that_exist_have_taken_their_subnets_and_bridges() -> None:
    inspected: list[Fact] = [
        {"IPAM": {"Config": [{"Subnet": "172.28.0.0/16"}, {"Subnet": "?"}]}, "Options": {}},
        {"IPAM": {"Config": None}, "Options": {"com.docker.network.bridge.name": "br-app"}},
        {"ConfigOnly": True, "Options": {"com.docker.network.bridge.name": "br-other"}},
    ]

    taken = find_taken(inspected)

    assert ([str(network) for network in taken.ranges], taken.interfaces) == (["172.28.0.0/16"], {"br-app"})
