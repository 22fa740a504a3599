"""Addresses, routes and interfaces of a host's network: the folder /proc/PID/net in, plain values out.

Formats: Linux net/ipv4/fib_trie.c (fib_trie, every routing table; route, the main one with its interfaces),
net/ipv6/route.c (ipv6_route), net/ipv6/addrconf.c (if_inet6), net/core/net-procfs.c (dev).
"""

import re
import sys
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path

from portero.decide.interfaces.host import HostRoutes
from portero.decide.values.ip_ranges import Network, contains
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.files.symlinks import HostWalk
from portero.observe.files.whole_files import read_regular_file
from portero.observe.host.used_servers import read_used_servers

_PREFIX = re.compile(r"\|-- (?P<address>[0-9.]+)")
_ROUTE = re.compile(r"/(?P<length>[0-9]+) \S+ (?P<type>[A-Z]+)")
_NO_ROUTE = frozenset({"BROADCAST", "MULTICAST"})
# The default route, and the two halves that VPN clients lay over it.
_MAX_DEFAULT_PREFIX = 1
# Every interface has these, and no network that Docker makes shares them with another.
_OF_EACH_LINK = (IPv6Network("fe80::/10"), IPv6Network("ff00::/8"))
# Docker's own bridges (moby libnetwork/drivers/bridge/bridge.go, br-<beginning of the ID>; daemon/cluster).
_DOCKERS = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}")
# A table of full internet routes is longer; such a host is not read in the time that a request has.
_MAX_FILE_BYTES = 4 << 20
# Where a managed plugin finds the network of the host (config.json, network).
_MOUNTED = "/host/proc/net"


def find_routes(walk: HostWalk | None, asking: AskingDaemon | None) -> HostRoutes | None:
    """Those of the daemon that asks, of this process beside the host's files (`walk`), or of a managed plugin's mount.

    None: that mount shows another folder. Raises OSError.
    """
    servers = read_used_servers(walk, asking) if walk else ()
    if asking is not None:
        return read_routes(asking.net, servers)
    if walk is not None:
        return read_routes("/proc/self/net", servers)
    return read_routes(_MOUNTED) if Path(_MOUNTED, "fib_trie").exists() else None


def read_routes(folder: str, servers: Iterable[Network] = ()) -> HostRoutes:
    """What one folder shows now, and addresses of servers; raises OSError when it cannot be read."""
    fib_trie, route = (_read_file(folder, name) for name in ("fib_trie", "route"))
    try:
        if_inet6 = _read_file(folder, "if_inet6")
    except FileNotFoundError:
        if_inet6 = None  # a kernel without IPv6
    ipv6 = None if if_inet6 is None else (if_inet6, _read_file(folder, "ipv6_route"))
    interfaces = frozenset(line.partition(":")[0].strip() for line in _read_file(folder, "dev").splitlines()[2:])
    return HostRoutes(_parse(fib_trie, route, ipv6, servers), interfaces)


def _parse(fib_trie: str, route: str, ipv6: tuple[str, str] | None, servers: Iterable[Network]) -> tuple[Network, ...]:
    routed, dockers = _read_ipv4_interfaces(route)
    routed6, dockers6 = _read_ipv6(*ipv6) if ipv6 else ([], [])
    ranges = {*_read_ipv4(fib_trie), *routed, *routed6, *servers}
    bridged = (*dockers, *dockers6)
    remaining = [
        network
        for network in ranges
        if network.prefixlen > _MAX_DEFAULT_PREFIX
        and not any(contains(outer, network) for outer in (*_OF_EACH_LINK, *bridged))
    ]
    return tuple(sorted(remaining, key=lambda n: (n.version, n)))


def _read_ipv4(fib_trie: str) -> Iterator[Network]:
    """Of all tables: routes, and local addresses as /32."""
    address = None
    for line in fib_trie.splitlines():
        if prefix := _PREFIX.search(line):
            address = prefix["address"]
        elif address and (route := _ROUTE.search(line)) and route["type"] not in _NO_ROUTE:
            yield IPv4Network(f"{address}/{route['length']}")


def _read_ipv4_interfaces(route: str) -> tuple[list[Network], list[Network]]:
    """The routes of the main table: all, and those over Docker's own bridges."""
    routes = []
    for line in route.splitlines()[1:]:
        words = line.split()
        mask = _parse_hex(words[7])
        routes.append((words[0], IPv4Network(f"{_parse_hex(words[1])}/{mask}")))
    return [network for _, network in routes], [network for name, network in routes if _DOCKERS.fullmatch(name)]


def list_routed(folder: str) -> list[Network]:
    """What has a route of its own in the main table, Docker's bridges too. Raises OSError."""
    routed = [network for network in _read_ipv4_interfaces(_read_file(folder, "route"))[0] if network.prefixlen]
    try:
        return [*routed, *(network for network in _read_ipv6("", _read_file(folder, "ipv6_route"))[0])]
    except FileNotFoundError:
        return [*routed]


def _read_ipv6(if_inet6: str, ipv6_route: str) -> tuple[list[Network], list[Network]]:
    """Routes and addresses: all, and those of Docker's own bridges."""
    routes = [
        *((words[9], _parse_network6(words[0], words[1])) for words in map(str.split, ipv6_route.splitlines())),
        *((words[5], _parse_network6(words[0], "80")) for words in map(str.split, if_inet6.splitlines())),
    ]
    return [network for _, network in routes], [network for name, network in routes if _DOCKERS.fullmatch(name)]


def _read_file(folder: str, name: str) -> str:
    return read_regular_file(f"{folder}/{name}", _MAX_FILE_BYTES).decode("ascii")


def _parse_hex(word: str) -> IPv4Address:
    # The kernel prints the number as this machine keeps it (%08X).
    return IPv4Address(int(word, 16).to_bytes(4, sys.byteorder))


def _parse_network6(address: str, length: str) -> IPv6Network:
    return IPv6Network((int(address, 16), int(length, 16)), strict=False)
