"""Servers of the host in the ranges from which dockerd takes those of networks without a subnet."""

from ipaddress import ip_network

from portero.decide.values.ip_ranges import Network, contains
from portero.decide.values.json_fields import JSON, Fact, to_object, to_text, to_texts
from portero.observe.files.chroot import Files
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.network import list_routed, read_used_servers
from portero.tools.hostcheck.daemon_settings import Configuration
from portero.tools.hostcheck.fact import UNKNOWN, observe

# moby libnetwork/ipamutils/utils.go
_DEFAULT = ("172.16.0.0/12", "192.168.0.0/16")
_KEY = "default-address-pools"


def find_servers_in_pools(files: Files, configuration: Configuration) -> Fact:
    """Those without a route of their own; dockerd avoids ranges that have one."""
    pools = configuration.read_texts(_KEY)

    def read() -> JSON:
        ranges, daemon = _read_ranges(pools["value"]), configuration.daemon
        proc = files.outside("/proc")
        routed = list_routed(f"{proc}/{daemon.pid if daemon else 'self'}/net")
        servers = read_used_servers(HostWalk(files.outside("/")), daemon, proc)
        waiting = [one for one in servers if not any(contains(route, one) for route in routed)]
        return [str(one) for one in sorted(waiting, key=str) if any(contains(pool, one) for pool in ranges)]

    return observe(str(pools["at"]), read)


def _read_ranges(pools: JSON) -> list[Network]:
    """Of the file, or of flags such as base=10.0.0.0/8,size=24. ValueError: not known."""
    if pools == UNKNOWN or not isinstance(pools, list):
        raise ValueError("cannot be read")
    flags = [
        word.removeprefix("base=") for value in to_texts(pools) for word in value.split(",") if word[:5] == "base="
    ]
    bases = [*flags, *(base for pool in pools if (base := to_text(to_object(pool).get("base"))))]
    return [ip_network(base, strict=False) for base in bases or _DEFAULT]
