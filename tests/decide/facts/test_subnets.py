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
from tests.cases import cases

ROUTED = FixedHost({"routes": ["192.168.50.0/24", "fd77::/64"]})


def read(subnet: str, host: FixedHost = ROUTED, **body: Any) -> Any:
    (found,) = read_subnets({**body, "IPAM": {"Config": [{"Subnet": subnet}]}}, host)
    return found


@pytest.mark.parametrize(("subnet", "private", "overlaps"), cases(__file__, "subnets.jsonl"))
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
