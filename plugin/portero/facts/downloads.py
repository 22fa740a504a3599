"""What dockerd downloads from the host's network: remote build contexts, and archives to import.

moby 26.1: builder/remotecontext/detect.go for builds, api/server/router/image (postImagesCreate) for imports. Only
what an address itself shows is looked at: names are not resolved, and dockerd follows redirects.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import unquote

from portero.facts.addresses import find_ip, is_local, read_host
from portero.reading.uri import first_value
from portero.values.json_types import JSON, Fact

# Services of clouds that only the machine itself can ask, beside those with link-local addresses.
_METADATA = frozenset(
    ip_address(address) for address in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_LOOPBACK_NAMES = frozenset({"ip6-localhost", "ip6-loopback", "localhost.localdomain", "localhost6"})
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
# git@host:path, as ssh writes it.
_SCP = re.compile(r"[^@/]+@(?P<host>\[[^\]]*\]|[^:/]+)[:/]")


def read_build(remote: str) -> list[JSON]:
    """The address that a build's context comes from."""
    return [_read(remote, "?remote")]


def read_import(query: Mapping[str, Sequence[str]]) -> list[JSON]:
    """The address of an archive to import; none for a pull, which wins, and for an archive in the body."""
    source = first_value(query, "fromSrc")
    if first_value(query, "fromImage") != "" or source in ("", "-"):
        return []
    return [_read(source, "?fromSrc")]


def _read(address: str, at: str) -> Fact:
    """The address without user, password and path."""
    scheme, authority = _split(address.strip())
    host = unquote(read_host(authority)).lower().rstrip(".")
    return {
        "address": f"{scheme}://{authority}" if scheme else authority,
        "ownNetwork": _is_own(host),
        "at": at,
    }


def _split(address: str) -> tuple[str, str]:
    """Scheme, and host with port."""
    if match := _URL.fullmatch(address):
        authority = re.split(r"[/?#\\]", match["rest"], maxsplit=1)[0]
        return match["scheme"].lower(), authority.rpartition("@")[2]
    if match := _SCP.match(address):
        return "ssh", match["host"]
    return "", re.split(r"[/?#\\]", address.removeprefix("//"), maxsplit=1)[0].rpartition("@")[2]


def _is_own(host: str) -> bool:
    if is_local(host) or host in _LOOPBACK_NAMES | _METADATA_NAMES:
        return True
    ip = find_ip(host)
    return ip is not None and (ip.is_link_local or ip in _METADATA)
