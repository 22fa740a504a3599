"""Addresses that dockerd contacts: of remote build contexts and archives to import, and the hosts in them.

Hosts are read as Go's url package, its IDNA mapping and the C library's resolver do. Only what an address itself shows
is looked at: names are not resolved, and dockerd follows redirects. moby 26.1: builder/remotecontext/detect.go for
builds, api/server/router/image (postImagesCreate) for imports.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import inet_aton
from urllib.parse import unquote

from portero.decide.reading.uri import find_first
from portero.decide.values.json_fields import JSON, Fact

IPAddress = IPv4Address | IPv6Address
# Services of clouds that only the machine itself can ask, beside those with link-local addresses.
METADATA = frozenset(
    ip_address(address)
    for address in (
        *("100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("fd00:ec2::254", "fd20:ce::254", "fd00:c1::a9fe:a9fe"),  # of Amazon, Google and Oracle
    )
)
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_LOOPBACK_NAMES = frozenset({"ip6-localhost", "ip6-loopback", "localhost.localdomain", "localhost6"})
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
# git@host:path, as ssh writes it.
_SCP = re.compile(r"[^@/]+@(?P<host>\[[^\]]*\]|[^:/]+)[:/]")


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


def read_import(query: Mapping[str, Sequence[str]]) -> list[JSON]:
    """The address of an archive to import; none for a pull, which wins, and for an archive in the body."""
    source = find_first(query, "fromSrc")
    if find_first(query, "fromImage") != "" or source in ("", "-"):
        return []
    return [make_fact(source, "?fromSrc")]


def make_fact(address: str, at: str) -> Fact:
    """The address without user, password and path."""
    scheme, authority = _split(address.strip())
    host = unquote(read_host(authority)).lower().rstrip(".")
    return {"address": f"{scheme}://{authority}" if scheme else authority, "ownNetwork": _is_host(host), "at": at}


def _split(address: str) -> tuple[str, str]:
    """Scheme, and host with port."""
    if match := _URL.fullmatch(address):
        authority = re.split(r"[/?#\\]", match["rest"], maxsplit=1)[0]
        return match["scheme"].lower(), authority.rpartition("@")[2]
    if match := _SCP.match(address):
        return "ssh", match["host"]
    return "", re.split(r"[/?#\\]", address.removeprefix("//"), maxsplit=1)[0].rpartition("@")[2]


def _is_host(host: str) -> bool:
    if is_local(host) or host in _LOOPBACK_NAMES | _METADATA_NAMES:
        return True
    ip = find_ip(host)
    return ip is not None and (ip.is_link_local or ip in METADATA)
