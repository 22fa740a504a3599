"""Addresses, routes and interfaces of a host's network: the folder /proc/PID/net in, plain values out.

Formats: Linux net/ipv4/fib_trie.c (fib_trie, every routing table; route, the main one with its interfaces),
net/ipv6/route.c (ipv6_route), net/ipv6/addrconf.c (if_inet6), net/core/net-procfs.c (dev).

dockerd compares a new network with routes alone, and a name server behind the default route has no route of its own:
a network that has its address answers for it. So the servers that a host uses count, too, a range of one address each.
Names are not looked up (portero help limits). OSError: could not be read.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from pathlib import Path

from portero.decide.interfaces.host import HostRoutes
from portero.decide.values.ip_ranges import Network, contains
from portero.decide.values.tables import read_rows
from portero.observe.dockerd import proc
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.files.symlinks import HostWalk
from portero.observe.files.whole_files import read_regular_file
from portero.observe.host.file_patterns import list_names, list_paths, read_text

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
_FILES = [pattern for pattern, _ in read_rows(__file__, "used_servers.tsv")]
# A folder for each registry (dockerd's, and containerd's hosts.md).
_REGISTRIES = ("/etc/docker/certs.d", "/etc/containerd/certs.d")
_COMMENT = re.compile(r"^[ \t]*[#;].*$", re.MULTILINE)
# No range, such as 10.0.0.0/8, and no part of a longer name or number.
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w.]|/[0-9])"
)
_PROXY = re.compile(r"(?:^|\0)[a-zA-Z]+_(?:proxy|PROXY)=([^\0]*)")


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
    with suppress(FileNotFoundError):  # a kernel without IPv6
        routed += _read_ipv6("", _read_file(folder, "ipv6_route"))[0]
    return routed


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


def read_used_servers(walk: HostWalk, asking: AskingDaemon | None, folder: str = "/proc") -> frozenset[Network]:
    """Those in the host's settings and mounts, and in those of the daemon. `folder`: where processes are shown."""
    return frozenset(address for text in _list_texts(walk, asking, folder) for address in _find_addresses(text))


def _list_texts(walk: HostWalk, asking: AskingDaemon | None, folder: str) -> Iterator[str]:
    for pattern in _FILES:
        yield from (_COMMENT.sub("", read_text(walk, path)) for path in list_paths(walk, pattern))
    for registries in _REGISTRIES:
        yield from list_names(walk, registries)
    process = f"{folder}/{asking.pid if asking else 'self'}"
    # Network file systems: the source and the option addr.
    yield from (line.partition(" - ")[2] for line in proc.read_text(f"{process}/mountinfo").splitlines())
    if asking is not None:
        yield read_text(walk, asking.config_file)
        yield proc.read_text(f"{process}/cmdline").replace("\0", "\n")
        yield from _PROXY.findall(proc.read_text(f"{process}/environ"))


def _find_addresses(text: str) -> Iterator[Network]:
    for word in _ADDRESS.findall(text):
        try:
            yield ip_network(word)
        except ValueError:
            continue  # a time, a version
