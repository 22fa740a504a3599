"""A host of plain data, for examples and tests: its moments are all alike, so it is one itself."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import cast, get_args

from portero.dockerd.daemon_defaults import DaemonDefaults, parse_daemon_json
from portero.dockerd.device_access import DeviceAccess
from portero.dockerd.peer import Peer
from portero.files.mount_table import MountTable, list_mounts
from portero.files.path import clean, is_within
from portero.files.symlinks import MAX_LINKS, Kind
from portero.host.creation import Creations
from portero.host.homes import make_homes, name_linked
from portero.host.member import Members
from portero.host.network import HostRoutes
from portero.host.protected_paths import USUAL_DATA, ProtectedPaths
from portero.host.view import (
    HostEntry,
    ListedKind,
    ObjectKind,
    Passage,
    Swap,
    Trace,
    is_network_id,
    may_begin_network_id,
)
from portero.values.json_types import JSON

_LINKS = {"/var/run": "/run"}
# Links of procfs, which are not followed (proc_pid_root(5) and its like; self, thread-self).
_OF_PROC = re.compile(r"/proc/((thread-)?self|[0-9]+/(task/[0-9]+/)?(root|cwd|exe|fd/[^/]+|map_files/[^/]+))(/.*)?")
_SOCKETS = ("/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock")
# fmt: off
_PARTS = frozenset({
    "links", "kinds", "sockets", "userSockets", "networks", "visible", "daemon", "mounts", "owners", "portero",
    "docker", "daemonFiles", "routes", "interfaces", "objects", "rootPrograms", "devices", "readableByAll",
    "ownerOnly", "homes", "unseenHomes",
})
# fmt: on


@dataclass(frozen=True, slots=True)
class FixedObjects:
    """Objects of plain data: by kind and name, what docker inspect shows."""

    by_name: Mapping[str, Mapping[str, Mapping[str, JSON]]]
    since: int = 1_767_225_600  # 2026-01-01
    members: Members | None = None
    creations: Creations | None = None

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        return self.by_name.get(kind, {}).get(name)

    def list_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        return [{**shown, "Names": [f"/{name}"]} for name, shown in self.by_name.get(kind, {}).items()]

    def info(self) -> Mapping[str, JSON]:
        return {"CgroupVersion": "2", "LoggingDriver": "json-file", "DefaultRuntime": "runc"}

    def look_again(self) -> bool:
        return False

    def inspect_briefly(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        return self.inspect(kind, name)


class FixedHost:
    """A host made of plain data, for examples and tests.

    {"links": {"/srv/link": "/etc"}, "kinds": {"/srv/x.sock": "socket"}, "sockets": ["/run/docker.sock"],
    "userSockets": ["/home/alicia/agent.sock"],
    "networks": {"<id>": "host"}, "visible": true, "daemon": {"log-driver": "syslog"}, "mounts": {"/srv/proc": "proc",
    "/srv/etc": "/etc"}, "owners": {"/home/alicia": "user alicia (1000)"}, "portero": ["/opt/portero"],
    "docker": ["/srv/docker"], "daemonFiles": ["/srv/daemon.json"],
    "rootPrograms": ["/opt/agent/run"], "readableByAll": ["/etc/hosts"],
    "ownerOnly": ["/root/shop/key"],
    "homes": ["/srv/git"], "unseenHomes": ["/home/alicia"],
    "routes": ["10.0.0.0/8"], "interfaces": ["eth0"], "devices": "closed",
    "objects": {"volume": {"data": {"Driver": "local"}}}}: each part may be left out, an unknown one is a ValueError.
    `daemon` is the content of daemon.json; `mounts` has file system types and bound paths; `owners` has folders that
    others than root can write to; `portero` Portero's programs; `docker` Docker's data beside the usual folders;
    `daemonFiles` the daemon's configuration; `rootPrograms` what root executes; `readableByAll` files for everybody,
    `ownerOnly` for their owner; `homes` homes that are not in /home, `unseenHomes` those whose links cannot be listed;
    `devices` whether dockerd may open devices, which is unknown otherwise. /var/run is a link to /run; a path that is
    not named is a directory; the name behind an ID that is not named is not known; `networks` null: no name is.
    `objects` has, by kind and name, what docker inspect shows; without it no object is looked up.
    """

    def __init__(self, data: Mapping[str, JSON] | None = None) -> None:
        data = data or {}
        if unknown := sorted(set(data) - _PARTS):
            raise ValueError(f"host: {', '.join(unknown)} is none of {', '.join(sorted(_PARTS))}")
        self._links = _LINKS | {clean(link): target for link, target in _texts(data, "links").items()}
        self._kinds = {clean(path): _kind(kind) for path, kind in _texts(data, "kinds").items()}
        # None: the daemon cannot be asked.
        self._networks = None if data.get("networks", {}) is None else MappingProxyType(_texts(data, "networks"))
        self._visible = data.get("visible", True) is True
        self._routes = HostRoutes(
            tuple(map(ip_network, cast(Sequence[str], data.get("routes", ())))),
            frozenset(cast(Sequence[str], data.get("interfaces", ()))),
        )
        self._daemon = parse_daemon_json(json.dumps(data.get("daemon")).encode())
        names = cast(Sequence[str], data.get("sockets", _SOCKETS))
        self._sockets = self._follow(map(clean, names))
        self._guarded = ProtectedPaths(self._sockets)
        self._mounts = MountTable(list_mounts(_texts(data, "mounts").items()))
        docker = (*USUAL_DATA, *cast(Sequence[str], data.get("docker", ())))
        self._docker = ProtectedPaths(self._follow(docker), inside=True)
        self._files = ProtectedPaths(self._follow(cast(Sequence[str], data.get("daemonFiles", ()))), inside=True)
        self._root_programs = ProtectedPaths(self._follow(cast(Sequence[str], data.get("rootPrograms", ()))))
        self._owners = _texts(data, "owners")
        self._readable = frozenset(cast(Sequence[str], data.get("readableByAll", ())))
        self._private = frozenset(cast(Sequence[str], data.get("ownerOnly", ())))
        others, unseen = (cast(Sequence[str], data.get(part, ())) for part in ("homes", "unseenHomes"))
        self._homes = make_homes({name: self._resolve(name) for name in self._links}, others, unseen)
        self._programs = cast(Sequence[str], data.get("portero", ()))
        self._devices = cast(DeviceAccess, data.get("devices", "unknown"))
        objects = cast("Mapping[str, Mapping[str, Mapping[str, JSON]]] | None", data.get("objects"))
        self._objects = None if objects is None else FixedObjects(objects)
        users = map(clean, cast(Sequence[str], data.get("userSockets", ())))
        self._users = ProtectedPaths(self._follow(users))

    def watch(self) -> None:
        """Nothing: it never changes."""

    def moment(self, peer: Peer | None = None) -> "FixedHost":
        return self

    def find_entry(self, path: str) -> HostEntry:
        if not self._is_followed(path):
            lists = (self._files, self._docker, self._root_programs)
            places = tuple(each.list_opened(path) for each in lists)
            of_login = self._homes.list_of_login(path)
            return HostEntry(None, "unknown", self._hold(path), (), self._hold_users(path), *places, of_login=of_login)
        resolved = self._resolve(path)
        default: Kind = "socket" if resolved in self._sockets.values() else "directory"
        kind = self._kinds.get(resolved, self._kinds.get(path, default))
        written = [
            program for program in self._programs if is_within(program, resolved) or is_within(resolved, program)
        ]
        return HostEntry(
            resolved,
            kind,
            self._hold(path, resolved),
            tuple(written),
            self._hold_users(path, resolved),
            self._files.list_opened(path, resolved),
            self._docker.list_opened(path, resolved),
            self._root_programs.list_opened(path, resolved),
            readable_by_all=resolved in self._readable,
            owner_only=resolved in self._private,
            of_login=self._homes.list_of_login(path, resolved),
        )

    def trace(self, path: str) -> Trace:
        if not self._is_followed(path):
            return Trace()
        ways = [*self._list_ways(path)]
        folders = {str(folder) for way in ways for folder in PurePosixPath(way).parents} - {*self._links}
        reach = self._mounts.find_reach(ways[-1])
        linked = {name for name in name_linked(ways[-1], self._homes.links) if not is_within(name, ways[0])}
        return Trace(
            tuple(sorted(folders.union(*map(self._mounts.list_names, folders)))),
            tuple(Swap(self._owners[folder], _step_in(folder, ways)) for folder in sorted(folders & {*self._owners})),
            tuple(sorted(reach.names.union(linked))),
            tuple(sorted(reach.kernel_types)),
            tuple(sorted(reach.points)),
            unseen_homes=self._homes.list_unseen(ways),
        )

    def find_passage(self, path: str) -> Passage:
        if not self._is_followed(path):
            return Passage()
        resolved = self._resolve(path)
        return Passage(resolved, self.trace(path).passes, self._mounts.list_names(resolved))

    def _is_followed(self, path: str) -> bool:
        return self._visible and not any(map(_OF_PROC.fullmatch, self._list_ways(path)))

    def _hold(self, *paths: str) -> tuple[str, ...]:
        return tuple(sorted(self._guarded.list_held(*paths)))

    def _hold_users(self, *paths: str) -> tuple[str, ...]:
        return tuple(sorted(self._users.list_held(*paths)))

    def network(self, name: str) -> str | None:
        """The name in the data; a name that is none of an ID is its own."""
        if self._networks is None:
            return None if may_begin_network_id(name) else name
        return self._networks.get(name, None if is_network_id(name) else name)

    def daemon(self) -> DaemonDefaults:
        return self._daemon

    def device_access(self) -> DeviceAccess:
        return self._devices

    def routes(self) -> HostRoutes | None:
        return self._routes if self._visible else None

    def objects(self) -> "FixedObjects | None":
        return self._objects

    def _follow(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self._resolve(name) if self._visible else name for name in names}

    def _resolve(self, path: str) -> str:
        """The path after links; a path in a circle of links is left as it is."""
        *_, last = self._list_ways(path)
        return last

    def _list_ways(self, path: str) -> Iterator[str]:
        """The path, and what it is after each link; the path again at the end of a circle."""
        seen = path
        for _ in range(MAX_LINKS):
            yield seen
            link = self._first_link(seen)
            if link is None:
                return
            # A relative target counts from the folder of the link.
            target = self._links[link]
            start = target if target.startswith("/") else f"{link}/../{target}"
            seen = clean(start + seen[len(link) :])
        yield path

    def _first_link(self, path: str) -> str | None:
        """The link that the kernel meets first when it walks this path."""
        return min((link for link in self._links if is_within(path, link)), key=len, default=None)


def _step_in(folder: str, ways: Sequence[str]) -> str:
    """What the first of these ways looks up in a folder."""
    way = next(way for way in ways if way != folder and is_within(way, folder))
    return f"{folder.rstrip('/')}/{way.removeprefix(folder).strip('/').split('/')[0]}"


def _texts(data: Mapping[str, JSON], part: str) -> dict[str, str]:
    return dict(cast(Mapping[str, str], data.get(part, {})))


def _kind(text: str) -> Kind:
    if text not in get_args(Kind):
        raise ValueError(f"host: a kind is one of {', '.join(get_args(Kind))}")
    return cast(Kind, text)
