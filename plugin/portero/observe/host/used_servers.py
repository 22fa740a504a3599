"""Addresses of the servers that a host uses: a walk and the daemon that asks in, ranges of one address each out.

dockerd compares a new network with routes alone, and a name server behind the default route has no route of its own:
a network that has its address answers for it. Names are not looked up (docs/limits.md). OSError: could not be read.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_network

from portero.decide.values.ip_ranges import Network
from portero.decide.values.tables import read_rows
from portero.observe.dockerd import proc
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.file_patterns import list_names, list_paths, read_text

_FILES = [pattern for pattern, _ in read_rows(__file__, "used_servers.tsv")]
# A folder for each registry (dockerd's, and containerd's hosts.md).
_REGISTRIES = ("/etc/docker/certs.d", "/etc/containerd/certs.d")
_COMMENT = re.compile(r"^[ \t]*[#;].*$", re.MULTILINE)
# No range, such as 10.0.0.0/8, and no part of a longer name or number.
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w.]|/[0-9])"
)
_PROXY = re.compile(r"(?:^|\0)[a-zA-Z]+_(?:proxy|PROXY)=([^\0]*)")


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
