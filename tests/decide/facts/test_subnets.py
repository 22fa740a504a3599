"""The ranges of a network that is made, and those that are taken.

A driver that gives the host an address in a new network's range takes the host's traffic to it: `--subnet
169.254.169.0/24` answers the host's metadata requests (measured). dockerd takes gateways, ranges and other addresses
only within a subnet (moby api/types/network/ipam.go, ValidateIPAM; measured), so that subnets are all there is.
"""

from typing import Any

import pytest

from portero.decide.facts.subnets import read_subnets
from portero.decide.values.json_fields import Fact
from portero.observe.host.fixed_host import FixedHost

ROUTED = FixedHost({"routes": ["192.168.50.0/24", "fd77::/64"]})


def read(subnet: str, host: FixedHost = ROUTED, **body: Any) -> Any:
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
        ("fe80::/64", True, []),  # each interface has its own
        ("fe80::/9", False, []),
        ("169.254.169.0/24", False, []),
        ("8.8.8.0/24", False, []),
        ("0.0.0.0/1", False, []),
        ("fd77::/80", True, ["fd77::/64"]),
        ("fd78::/64", True, []),
        ("2001:db8:1::/64", True, []),
        ("2001:db7::/64", False, []),
        ("2001:db8::/31", False, []),
        # What clouds answer the host's requests for metadata by.
        *((subnet, False, []) for subnet in ("fd00:ec2::/64", "fd20:ce::/64", "fd00:c1::a9fe:0/112", "fd00::/8")),
        ("fd00:ec2:0:1::/64", True, []),
        ("fd00:ec3::/64", True, []),
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

    assert read_subnets(body, ROUTED) == []
