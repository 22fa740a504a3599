"""A host of plain data, for examples and tests: its moments are all the same, so it is one itself.

Paths are walked and described by the code that reads a real host; only what it sees of files is made up.
"""

import errno
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from ipaddress import ip_network
from types import MappingProxyType
from typing import cast

from portero.decide.interfaces.daemon import DaemonDefaults, Objects, Peer
from portero.decide.interfaces.host import DeviceAccess, HostEntry, HostRoutes, Passage, Trace
from portero.decide.values.dataclass import replace
from portero.decide.values.docker_names import is_network_id, may_begin_network_id
from portero.decide.values.json_fields import JSON
from portero.decide.values.path import clean
from portero.observe.dockerd.daemon_defaults import make_defaults
from portero.observe.files.mount_table import MountTable, list_mounts
from portero.observe.files.owners import AccountNames, Owners, Writer
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.homes import make_homes
from portero.observe.host.path_entry import EntryFinder
from portero.observe.host.path_trace import Tracer, find_passage
from portero.observe.host.protected_paths import USUAL_DATA, ProtectedPaths
from portero.observe.host.resolved_paths import ResolvedPaths
from portero.observe.host.root_programs import RootPrograms
from portero.observe.host.sockets import ListeningSocket, ListeningSockets

_LINKS = {"/var/run": "/run"}
# Links of procfs, which are not followed (proc_pid_root(5) and its like; self, thread-self).
_OF_PROC = re.compile(r"/proc/((thread-)?self|[0-9]+/(task/[0-9]+/)?(root|cwd|exe|fd/[^/]+|map_files/[^/]+))")
_DISK, _PROC = 1, 2  # devices
_SOCKETS = ("/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock")
_FIRST_USER = 1000
_MODES = {
    "directory": stat.S_IFDIR | 0o755,
    "file": stat.S_IFREG | 0o640,
    "socket": stat.S_IFSOCK | 0o600,
    "device": stat.S_IFBLK | 0o600,
    "missing": 0,
    "unknown": stat.S_IFIFO | 0o600,
}
# fmt: off
_PARTS = frozenset({
    "links", "kinds", "sockets", "userSockets", "networks", "visible", "daemon", "mounts", "owners", "portero",
    "docker", "daemonFiles", "routes", "interfaces", "rootPrograms", "devices", "readableByAll",
    "ownerOnly", "homes", "unseenHomes", "containerdDevices", "accounts",
})
# fmt: on


class FixedHost:
    """A host made of plain data, for examples and tests.

    {"links": {"/srv/link": "/etc"}, "kinds": {"/srv/x.sock": "socket"}, "sockets": ["/run/docker.sock"],
    "userSockets": ["/home/alicia/agent.sock"], "networks": {"<id>": "host"}, "visible": true, "daemon": {"log-driver":
    "syslog"}, "mounts": {"/srv/proc": "proc", "/srv/etc": "/etc"}, "owners": {"/home/alicia": "user alicia (1000)"},
    "portero": ["/opt/portero"], "docker": ["/srv/docker"], "daemonFiles": ["/srv/daemon.json"], "rootPrograms":
    ["/opt/agent/run"], "readableByAll": ["/etc/hosts"], "ownerOnly": ["/root/shop/key"], "homes": ["/srv/git"],
    "unseenHomes": ["/home/alicia"], "accounts": {"1000": "alicia"}, "routes": ["10.0.0.0/8"], "interfaces":
    ["eth0"], "devices": "closed", "containerdDevices": "open"}: each part may be left out, an unknown one is a
    ValueError. `daemon` is the content of daemon.json; `mounts` has file system types and bound paths; `owners` has
    folders that others than root can write to; `portero` Portero's programs; `docker` Docker's data beside the usual
    folders; `daemonFiles` the daemon's configuration; `rootPrograms` what root executes; `readableByAll` files for
    everybody, `ownerOnly` for their owner; `homes` homes that are not in /home, `unseenHomes` those whose links cannot
    be listed; `accounts` names of accounts by number, of which 1000 listens at `userSockets`; `devices` whether dockerd
    may open devices, which is unknown otherwise, and `containerdDevices` whether containerd may, which is closed
    otherwise. /var/run is a link to /run; a path that is not named is a directory; the name behind an ID that is not
    named is not known; `networks` null: no name is.
    """

    def __init__(self, data: Mapping[str, JSON] | None = None) -> None:
        data = data or {}
        if unknown := sorted(set(data) - _PARTS):
            raise ValueError(f"host: {', '.join(unknown)} is none of {', '.join(sorted(_PARTS))}")
        links = _LINKS | {clean(link): target for link, target in _read_texts(data, "links").items()}
        users, owners = _list(data, "userSockets"), _read_texts(data, "owners")
        self._walk = walk = _FixedWalk(links, owners)
        walk.describe(_list(data, "sockets", _SOCKETS), _MODES["socket"])
        for path, kind in _read_texts(data, "kinds").items():
            if kind not in _MODES:
                raise ValueError(f"host: a kind is one of {', '.join(_MODES)}")
            walk.describe([path], _MODES[kind])
        walk.describe(_list(data, "readableByAll"), stat.S_IFREG | 0o644)
        walk.describe(_list(data, "ownerOnly"), stat.S_IFREG | 0o600)
        # None: the daemon cannot be asked.
        self._networks = None if data.get("networks", {}) is None else MappingProxyType(_read_texts(data, "networks"))
        self._visible = data.get("visible", True) is True
        self._routes = HostRoutes(tuple(map(ip_network, _list(data, "routes"))), frozenset(_list(data, "interfaces")))
        self._daemon = make_defaults(cast(Mapping[str, JSON], data.get("daemon") or {}))
        self._devices = cast(DeviceAccess, data.get("devices", "unknown"))
        self._containerd = cast(DeviceAccess, data.get("containerdDevices", "closed"))
        reals = {name: walk.resolve_or_keep(name) for name in links}
        accounts = {int(number): name for number, name in _read_texts(data, "accounts").items()}
        homes = make_homes(reals, _list(data, "homes"), _list(data, "unseenHomes"), accounts)
        nothing, sockets = ProtectedPaths({}), [*map(clean, _list(data, "sockets", _SOCKETS))]
        protected = ResolvedPaths(
            guarded=self._protect(sockets),
            portero=nothing,
            programs=self._protect(_list(data, "portero"), inside=True),
            logs=nothing,
            daemon_files=self._protect(_list(data, "daemonFiles"), inside=True),
            daemon_data=self._protect([*USUAL_DATA, *_list(data, "docker")], inside=True),
            sensitive_links=(),
        )
        listening = ListeningSockets(
            tuple(ListeningSocket(path, walk.resolve_or_keep(path), 0, _FIRST_USER) for path in map(clean, users))
        )
        programs = RootPrograms(self._protect(_list(data, "rootPrograms")), nothing)
        mounts = MountTable(list_mounts(_read_texts(data, "mounts").items()))
        self._entries = EntryFinder(walk, protected, listening, programs, sockets, homes)
        self._account = ""
        self._tracer = Tracer(walk, mounts, Owners(whole=True), _FixedNames(walk), (), homes)

    def watch(self) -> None:
        """Nothing: it never changes."""

    def protecting(self, protected: Iterable[str], links: Iterable[str] = ()) -> "FixedHost":
        return self

    def moment(self, peer: Peer | None = None, account: str = "") -> "FixedHost":
        if account in ("", self._account):
            return self
        other = copy(self)
        other._account = account
        other._entries = replace(self._entries, caller=self._tracer.homes.find_number(account))
        return other

    def find_entry(self, path: str) -> HostEntry:
        return self._entries.find(path) if self._visible else self._entries.describe_unseen(path)

    def trace(self, path: str) -> Trace:
        resolved = self.find_entry(path).resolved
        return Trace() if resolved is None else self._tracer.trace(path, resolved)

    def find_passage(self, path: str) -> Passage:
        return find_passage(self._walk, self._tracer.mounts, path) if self._visible else Passage()

    def find_account(self, user: str) -> str:
        return self._tracer.homes.find_account(user, self._account) if self._visible else ""

    def network(self, name: str) -> str | None:
        """The name in the data; a name that is not an ID is its own."""
        if self._networks is None:
            return None if may_begin_network_id(name) else name
        return self._networks.get(name, None if is_network_id(name) else name)

    def daemon(self) -> DaemonDefaults:
        return self._daemon

    def device_access(self, *, commits: bool = False) -> DeviceAccess:
        return self._containerd if commits and self._devices == "closed" else self._devices

    def routes(self) -> HostRoutes | None:
        return self._routes if self._visible else None

    def objects(self) -> Objects | None:
        """None: no daemon can be asked."""
        return None

    def _protect(self, names: Iterable[str], *, inside: bool = False) -> ProtectedPaths:
        follow = self._walk.resolve_or_keep if self._visible else str
        return ProtectedPaths({name: follow(name) for name in names}, inside=inside)


class _FixedWalk(HostWalk):
    """A walk through files that are made up: links, folders with an owner, and directories everywhere else."""

    def __init__(self, links: Mapping[str, str], owners: Mapping[str, str]) -> None:
        super().__init__("/", lambda: {_PROC})
        self._os_lstat, self._readlink = self._make_stat, links.__getitem__
        self._targets, self._modes = links, dict[str, int]()
        self.owners = [*owners.items()]
        self._uids = {folder: uid for uid, (folder, _) in enumerate(self.owners, _FIRST_USER)}

    def describe(self, paths: Iterable[str], mode: int) -> None:
        """Have these paths of this mode; 0: nothing is there."""
        for path in map(self.resolve_or_keep, map(clean, paths)):
            self._modes[path] = mode
        # What was walked so far was for the links of these paths.
        for seen in (self._stats, self._links, self._walked):
            seen.clear()

    def _make_stat(self, path: str) -> os.stat_result:
        is_of_proc = _OF_PROC.fullmatch(path) is not None
        is_link = path in self._targets or is_of_proc
        mode = stat.S_IFLNK | 0o777 if is_link else self._modes.get(path, _MODES["directory"])
        if mode == 0:
            raise FileNotFoundError(errno.ENOENT, "is not there", path)
        return os.stat_result((mode, 0, _PROC if is_of_proc else _DISK, 1, self._uids.get(path, 0), 0, 0, 0, 0, 0))


class _FixedNames(AccountNames):
    def __init__(self, walk: _FixedWalk) -> None:
        super().__init__(walk)
        self._owners = walk.owners

    def describe(self, writer: Writer) -> str:
        """The owner as the data names it."""
        return self._owners[writer.id - _FIRST_USER][1]


def _read_texts(data: Mapping[str, JSON], part: str) -> dict[str, str]:
    return dict(cast(Mapping[str, str], data.get(part, {})))


def _list(data: Mapping[str, JSON], part: str, default: Sequence[str] = ()) -> Sequence[str]:
    return cast(Sequence[str], data.get(part, default))
