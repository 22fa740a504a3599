"""Ranges of IP addresses: whether one lies in another, and their spelling in facts and site values."""

from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network


def contains(outer: Network, inner: Network) -> bool:
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)


def format_prefix(network: Network) -> str:
    """The version and the bits of the prefix: 10.0.0.0/8 is 4:00001010. A range lies in another that begins it."""
    bits = f"{int(network.network_address):0{network.max_prefixlen}b}"
    return f"{network.version}:{bits[: network.prefixlen]}"
