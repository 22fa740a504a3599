"""Hosts in addresses, as dockerd finds them: Go's url package, its IDNA mapping, and the C library's resolver."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import inet_aton
from urllib.parse import unquote

IPAddress = IPv4Address | IPv6Address


def read_host(authority: str) -> str:
    """The host of host:port, [host]:port or a bare IPv6 address."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority if authority.count(":") > 1 else authority.partition(":")[0]


def find_ip(host: str) -> IPAddress | None:
    """The address that a host is; None for a name that is looked up. 127.1, 0x7f000001 and ::ffff:7f00:1 are one."""
    try:
        address = ip_address(host.partition("%")[0])
        return getattr(address, "ipv4_mapped", None) or address
    except ValueError:
        pass
    try:  # as resolvers read them
        return IPv4Address(inet_aton(host))
    except (OSError, ValueError):
        return None


def is_local(host: str) -> bool:
    """Whether the host dials itself: Go takes no host, and an unspecified address, for the local one (net.Dial).

    A name that is not ASCII counts: net/http, git and curl map it by other versions of Unicode each (localhost with a
    character that vanishes, digits of other shapes).
    """
    name = unquote(host).rstrip(".").lower()
    if not name.isascii() or name in ("", "localhost") or name.endswith(".localhost"):
        return True
    address = find_ip(name)
    return address is not None and (address.is_loopback or address.is_unspecified)
