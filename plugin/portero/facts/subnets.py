"""The address ranges that NetworkCreate gives to a network, and what of the host they take.

A driver that gives the host an address in the range takes the host's traffic to it: `--subnet 169.254.169.0/24`
answers the host's metadata requests (measured). dockerd takes gateways, ranges and other addresses only within a
subnet (moby api/types/network/ipam.go, ValidateIPAM; measured), so that subnets are all there is.
"""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network

from portero.host.network import HostRoutes
from portero.host.view import HostMoment
from portero.values.ip_ranges import Network, contains, spell_prefix
from portero.values.json_fields import child, flag, objects, text
from portero.values.json_types import JSON, Fact

BRIDGE_NAME = "com.docker.network.bridge.name"  # moby libnetwork/drivers/bridge/labels.go
# RFC 1918, RFC 4193, and the range of RFC 3849, which is for documentation: Docker's tutorial has it.
_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "2001:db8::/32")))


def read_subnets(body: Fact, host: HostMoment) -> list[JSON]:
    """One fact for each subnet; a config-only network may be used by any driver, so it counts as a bridge."""
    on_host = body.get("ConfigOnly") is True or text(body, "Driver") in ("", "bridge", "overlay")
    entries = objects(child(body, "IPAM"), "Config")
    return [
        _subnet(subnet, f"IPAM.Config[{index}].Subnet", on_host, host)
        for index, entry in enumerate(entries)
        if (subnet := text(entry, "Subnet"))
    ]


def find_taken(networks: Sequence[Mapping[str, JSON]]) -> HostRoutes:
    """Subnets and bridges by name of networks that exist (docker network inspect).

    A network that only holds options for others has none.
    """
    networks = [network for network in networks if not flag(network, "ConfigOnly")]
    subnets = [text(entry, "Subnet") for network in networks for entry in objects(child(network, "IPAM"), "Config")]
    bridges = (text(child(network, "Options"), BRIDGE_NAME) for network in networks)
    ranges = (_parse(subnet) for subnet in subnets if subnet)
    return HostRoutes(tuple(one for one in ranges if one is not None), frozenset(filter(None, bridges)))


def _parse(subnet: str) -> Network | None:
    try:
        return ip_network(subnet, strict=False)
    except ValueError:
        return None


def _subnet(subnet: str, at: str, on_host: bool, host: HostMoment) -> Fact:
    fact: Fact = {"prefix": "", "hostAddress": on_host, "private": False, "overlaps": [], "at": at}
    network = _parse(subnet)
    if network is None:
        return fact  # dockerd refuses it
    fact |= {"prefix": spell_prefix(network), "private": any(contains(private, network) for private in _PRIVATE)}
    if not on_host or not fact["private"]:
        return fact
    routes = host.routes()
    return fact | {"overlaps": ["unseen"] if routes is None else [*routes.find_overlaps(network)]}
