"""The host as its files show it: a path in, what is there out (HostFiles gives a FilesMoment for each request).

A path that this process may not walk is `unknown`; any other failure to read is the refusal host-unreadable. Between
this look and the start of the container a link can change: `trace` tells who can change one.
"""

from collections.abc import Callable, Iterable
from copy import copy
from functools import cached_property

from portero.decide.interfaces.daemon import DaemonDefaults, Objects, Peer
from portero.decide.interfaces.host import DeviceAccess, HostEntry, HostRoutes, Passage, Trace, refuse_unreadable
from portero.decide.values.dataclass import replace
from portero.decide.values.docker_names import is_network_id
from portero.decide.values.path import clean
from portero.decide.values.refusals import Refused
from portero.decide.values.spelling import make_printable
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.dockerd.daemon_config import DaemonConfigs
from portero.observe.dockerd.device_policy import find_commit_access, find_device_access
from portero.observe.dockerd.finder import Lookups, find_once
from portero.observe.files.chroot import Files
from portero.observe.files.mount_table import MountTable
from portero.observe.files.mountinfo import MountReader, find_name_on_host
from portero.observe.files.owners import ROOT, AccountNames, Owners
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.homes import NO_HOMES, Homes
from portero.observe.host.network import find_routes
from portero.observe.host.path_entry import EntryFinder
from portero.observe.host.path_trace import Tracer, find_passage
from portero.observe.host.read_ahead import ReadAhead
from portero.observe.host.resolved_paths import PathResolver, ResolvedPaths
from portero.observe.host.root_programs import NO_PROGRAMS, RootPrograms
from portero.observe.host.sockets import DEFAULT_SOCKETS, ListeningSockets

# Names looked up for one request: of 25 mounts, the most that is known, one or two thousand. PATH_MAX of Linux.
_MAX_LOOKS, _PATH_MAX = 20_000, 4096


class HostFiles:
    """The host's files below `root`, in which links stay as in a chroot.

    `root` None: where the daemon that asks sees them, or "/". `sockets`: paths to protect besides the daemons' own.
    `portero`: what Portero's decisions depend on, with all below it; `links`: those in there, which lead to more.
    `programs`: folders with all below them, and `logs`: files and folders, that no container may write. `protected`:
    paths that the policy protects. `visible=False`: only names can be compared. `listening`, `programs_of_root`,
    `homes`: of processes, settings and users of the host, read ahead. `daemon_config`: the path of daemon.json; None:
    that of the daemon that asks. `lookups`: at the daemons that ask.
    """

    def __init__(
        self,
        root: str | None = "/",
        *,
        visible: bool = True,
        sockets: Iterable[str] = (),
        portero: Iterable[str] = (),
        links: Iterable[str] = (),
        programs: Iterable[str] = (),
        logs: Iterable[str] = (),
        protected: Iterable[str] = (),
        listening: ReadAhead[ListeningSockets],
        programs_of_root: ReadAhead[RootPrograms],
        homes: ReadAhead[Homes],
        owners: Owners | None = None,
        lookups: Lookups,
        daemon_config: str | None = None,
    ) -> None:
        self.root = root
        self.visible = visible
        self._sockets = (*DEFAULT_SOCKETS, *map(clean, sockets))
        self._portero = tuple(map(clean, portero))
        self.programs = tuple(map(clean, programs))
        self.logs = tuple(map(clean, logs))
        self._protect(protected, links)
        self.owners = owners or Owners()
        self.mounts = MountReader(root=root or "/")
        self.lookups = lookups
        self.listening, self.programs_of_root, self.homes = listening, programs_of_root, homes
        self.configs = DaemonConfigs(daemon_config)

    def protecting(self, protected: Iterable[str], links: Iterable[str] = ()) -> "HostFiles":
        other = copy(self)
        other._protect(protected, links)
        return self if (other.protected, other.portero) == (self.protected, self.portero) else other

    def _protect(self, protected: Iterable[str], links: Iterable[str]) -> None:
        self.portero = (*self._portero, *map(clean, links))
        self.protected_names = (*self._sockets, *self.portero)
        self.protected = frozenset(map(clean, protected))
        self.resolver = PathResolver(self._sockets, self.portero, self.programs, self.logs, self.protected)

    def moment(self, peer: Peer | None = None, account: str = "") -> "FilesMoment":
        return FilesMoment(self, peer, account)

    def watch(self) -> None:
        self.listening.watch("sockets")
        if self.visible:
            self.programs_of_root.watch("programs")
            self.homes.watch("homes")


class FilesMoment:
    """The host's files as one request sees them: each path is looked at once.

    Nothing that it holds leads back to it: it goes at the end of its request, and not when a collector comes.
    """

    def __init__(self, host: HostFiles, peer: Peer | None = None, account: str = "") -> None:
        self._host, self._peer, self._account = host, peer, account
        # None: the peer is no dockerd, or not to be seen. Lookups hold this, and not the moment that holds them.
        self._find_asking = find_asking = find_once(lambda: host.lookups.asking.find_daemon(peer))
        self._read_mounts = find_once(lambda: _read_mounts(host, find_asking))
        self._seen: dict[str, HostEntry] = {}
        self._traced: dict[str, Trace] = {}
        self._passages: dict[str, Passage] = {}
        self._looks, self._name_of = 0, host.lookups.new_names(self._find_asking)

    def find_entry(self, path: str) -> HostEntry:
        if self._looks > _MAX_LOOKS or len(path) >= _PATH_MAX:
            raise Refused("too-many-looks")
        if path not in self._seen:
            with refuse_unreadable:
                self._seen[path] = self._read_entry(path)
        # Also of a path that was seen before: what is made of it costs as much again.
        self._looks += self._walk.count_looks(path) if self._host.visible else 1
        return self._seen[path]

    def trace(self, path: str) -> Trace:
        if path not in self._traced:
            seen = self.find_entry(path).resolved is not None
            with refuse_unreadable:
                self._traced[path] = self._tracer.trace(path, self._walk.resolve(path)) if seen else Trace()
        return self._traced[path]

    def find_passage(self, path: str) -> Passage:
        if path not in self._passages:
            if path in self._seen:
                self.find_entry(path)  # counts; no request is denied for paths of containers that are there already
            with refuse_unreadable:
                mounts = self._read_mounts()
                self._passages[path] = find_passage(self._walk, mounts, path) if self._host.visible else Passage()
        return self._passages[path]

    def find_account(self, user: str) -> str:
        with refuse_unreadable:
            if not user or ((asking := self._find_asking()) and asking.root_uids != ROOT):
                return ""  # remapped, it is another user on the host
            return self._homes.find_account(user, self._account)

    def network(self, name: str) -> str | None:
        with refuse_unreadable:
            network_name = self._name_of(name)
        # Where no daemon asks, there need not be one; what looks like a name is then taken for one.
        return name if network_name is None and self._peer is None and not is_network_id(name) else network_name

    def daemon(self) -> DaemonDefaults:
        """The daemon's defaults, as far as its daemon.json is visible; a refusal names that file."""
        try:
            return self._daemon
        except OSError as error:
            raise Refused("host-unreadable", make_printable(str(error.filename or ""))) from error

    def device_access(self, *, commits: bool = False) -> DeviceAccess:
        """Unknown where no daemon asks, or is not to be seen."""
        with refuse_unreadable:
            if (asking := self._find_asking()) is None:
                return "unknown"
            files = Files(self._walk.local_path("/"))
            access = find_device_access(asking, files, self._read_mounts())
            if access != "closed" or not commits:
                return access
            return find_commit_access(asking, files, self._objects.info() if self._objects else None)

    def routes(self) -> HostRoutes | None:
        """Those of the daemon that asks, of this process beside the host's files, or of a managed plugin's mount."""
        with refuse_unreadable:
            return self._routes

    def objects(self) -> Objects | None:
        with refuse_unreadable:
            return self._objects

    @cached_property
    def _daemon(self) -> DaemonDefaults:
        return self._host.configs.read_defaults(self._walk if self._host.visible else None, self._find_asking())

    @cached_property
    def _routes(self) -> HostRoutes | None:
        return find_routes(self._walk if self._host.visible else None, self._find_asking())

    def _read_entry(self, path: str) -> HostEntry:
        entry = self._entries.find(path) if self._host.visible else self._entries.describe_unseen(path)
        if entry.resolved is None:
            return entry
        name = find_name_on_host(entry.resolved, self._read_mounts)
        return entry if name == entry.resolved else replace(entry, resolved=name)

    @cached_property
    def _entries(self) -> EntryFinder:
        names = self._host.protected_names
        caller = self._homes.find_number(self._account) if self._account else None
        return EntryFinder(self._walk, self._protected, self._listening, self._programs, names, self._homes, caller)

    @cached_property
    def _programs(self) -> RootPrograms:
        return self._host.programs_of_root.read(self._root) if self._host.visible else NO_PROGRAMS

    @cached_property
    def _listening(self) -> ListeningSockets:
        return self._host.listening.read()

    @cached_property
    def _tracer(self) -> Tracer:
        asking = self._find_asking()
        owners = self._host.owners if asking is None else replace(self._host.owners, root=ROOT | asking.root_uids)
        links = (*self._protected.sensitive_links, *self._programs.of_kernel)
        return Tracer(self._walk, self._read_mounts(), owners, AccountNames(self._walk), links, self._homes)

    @cached_property
    def _homes(self) -> Homes:
        return self._host.homes.read(self._root) if self._host.visible else NO_HOMES

    @cached_property
    def _protected(self) -> ResolvedPaths:
        asking = self._find_asking()
        others = self._host.lookups.asking.find_others(asking, self._listening.dockerds)
        # What root's daemon listens on is among the sockets of root.
        sockets = self._listening.list_paths(asking.pid) if asking and asking.uid else ()
        return self._host.resolver.resolve(self._walk if self._host.visible else None, asking, others, sockets)

    @cached_property
    def _objects(self) -> Objects | None:
        return self._host.lookups.new_objects(self._find_asking) if self._peer else None

    @cached_property
    def _walk(self) -> HostWalk:
        read = self._read_mounts
        return HostWalk(self._root, lambda: read().proc_devices)

    @property
    def _root(self) -> str:
        return self._host.root or (asking.root if (asking := self._find_asking()) else "/")


def _read_mounts(host: HostFiles, find_asking: Callable[[], AskingDaemon | None]) -> MountTable:
    # Where the host's files lie elsewhere, one process has their mounts for every daemon.
    asking = find_asking() if host.root is None else None
    return host.mounts.read(asking.mountinfo if asking else None)
