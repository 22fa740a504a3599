"""The ranges of a network that is made, and those that are taken.

A driver that gives the host an address in a new network's range takes the host's traffic to it: `--subnet
169.254.169.0/24` answers the host's metadata requests (measured). dockerd takes gateways, ranges and other addresses
only within a subnet (moby api/types/network/ipam.go, ValidateIPAM; measured), so that subnets are all there is.
"""

from ipaddress import ip_network

from portero.decide.facts.addresses import METADATA
from portero.decide.interfaces.host import HostMoment
from portero.decide.values.ip_ranges import Network, contains, format_prefix
from portero.decide.values.json_fields import JSON, Fact, child, objects, text

# RFC 1918, RFC 4193, and the range of RFC 3849, which is for documentation: Docker's tutorial has it. Addresses of
# fe80::/10 belong to one interface each (RFC 4291), so that those of a bridge take nothing from another interface.
_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10", "2001:db8::/32"))
)


def read_subnets(body: Fact, host: HostMoment) -> list[JSON]:
    """One fact for each subnet; a config-only network may be used by any driver, so it counts as a bridge."""
    on_host = body.get("ConfigOnly") is True or text(body, "Driver") in ("", "bridge", "overlay")
    entries = objects(child(body, "IPAM"), "Config")
    return [
        _read_subnet(subnet, f"IPAM.Config[{index}].Subnet", on_host, host)
        for index, entry in enumerate(entries)
        if (subnet := text(entry, "Subnet"))
    ]


def _parse(subnet: str) -> Network | None:
    try:
        return ip_network(subnet, strict=False)
    except ValueError:
        return None


def _read_subnet(subnet: str, at: str, on_host: bool, host: HostMoment) -> Fact:
    fact: Fact = {"prefix": "", "hostAddress": on_host, "private": False, "overlaps": [], "at": at}
    network = _parse(subnet)
    if network is None:
        return fact  # dockerd refuses it
    fact |= {"prefix": format_prefix(network), "private": _is_private(network)}
    if not on_host or not fact["private"]:
        return fact
    routes = host.routes()
    return fact | {"overlaps": ["unseen"] if routes is None else [*routes.find_overlaps(network)]}


def _is_private(network: Network) -> bool:
    """Whether all of it is of the site: some clouds answer their machines at private addresses."""
    answers = any(address in network for address in METADATA)
    return not answers and any(contains(private, network) for private in _PRIVATE)
