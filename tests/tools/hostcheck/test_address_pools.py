"""Servers of the host in the ranges of networks without a subnet."""

from typing import Any

import pytest

from portero.tools.hostcheck.address_pools import find_servers_in_pools
from tests.tools.hostcheck.host_tree import Host

ROUTE = """Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010011AC	0003	0	0	0	00000000	0	0	0
eth0	001EA8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
"""


@pytest.mark.parametrize(
    ("flags", "settings", "servers"),
    [
        ((), "{}", ["172.20.0.53/32"]),
        ((), '{"default-address-pools": [{"base": "10.200.0.0/16", "size": 24}]}', []),
        ((), '{"default-address-pools": [{"base": "10.0.0.0/8", "size": 24}]}', ["10.0.0.7/32"]),
        (("--default-address-pool", "base=10.0.0.0/8,size=24"), "{}", ["10.0.0.7/32"]),
        ((), "no JSON", "unknown"),
    ],
)
def test_a_server_behind_the_default_route_counts_and_one_with_a_route_does_not(
    host: Host, flags: tuple[str, ...], settings: str, servers: Any
) -> None:
    host.dockerd(*flags)
    host.write("/proc/42/net/route", ROUTE)
    host.write("/etc/docker/daemon.json", settings)
    host.write("/etc/resolv.conf", "nameserver 172.20.0.53\nnameserver 192.168.30.53\nnameserver 10.0.0.7\n")

    assert find_servers_in_pools(host.files, host.configuration())["value"] == servers
