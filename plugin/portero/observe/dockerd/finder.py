"""Finds the dockerd behind a connection: a peer in, AskingDaemon out.

A daemon's things stay where they were at its start, so each daemon is read once. But it takes over other runtimes at a
reload, and its containerd can be started anew without it and have its things elsewhere then: these are read again each
minute, and none is forgotten.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Protocol, TypeVar

from portero.decide.interfaces.daemon import DockerdIdentity, Objects, Peer
from portero.decide.values.dataclass import replace
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.asking_daemon import AskingDaemon, find_config_file, locate_daemon
from portero.observe.dockerd.containerd import CONFIG, ContainerdPaths, find_arguments, locate_containerd
from portero.observe.dockerd.daemon_config import read_content, read_settings
from portero.observe.dockerd.dockerd_process import RunningDockerd, identify_dockerd, read_dockerd
from portero.observe.files.chroot import Files
from portero.observe.files.symlinks import HostWalk
from portero.observe.process.threads import start_thread

# Daemons of one host; those that have ended make room.
_MAX_DAEMONS = 8
_REFRESH_SECONDS = 60.0  # seconds
_Found = TypeVar("_Found")


class Lookups(Protocol):
    """What a host asks of the daemons (observe/lookups/live_daemon.py). `find_daemon`: that of one request."""

    @property
    def asking(self) -> "AskingDaemons":
        """Those that asked so far."""

    def new_names(self, find_daemon: Callable[[], AskingDaemon | None]) -> Callable[[str], str | None]:
        """The function from a network's ID to its name; None: it could not be found out."""

    def new_objects(self, find_daemon: Callable[[], AskingDaemon | None]) -> Objects | None:
        """What exists; None: it cannot be asked."""


def find_once(find: Callable[[], _Found]) -> Callable[[], _Found]:
    """The same function, for one request, in which it finds once: functools.cache takes ten times as long to make."""
    found: list[_Found] = []

    def find_or_repeat() -> _Found:
        if not found:
            found.append(find())
        return found[0]

    return find_or_repeat


class AskingDaemons:
    """The daemons that have asked so far. `proc`: where the kernel shows processes."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._cached: dict[DockerdIdentity, AskingDaemon] = {}

    @property
    def cached(self) -> tuple[AskingDaemon, ...]:
        """The latest last."""
        return tuple(self._cached.values())

    def find_daemon(self, peer: Peer | None) -> AskingDaemon | None:
        """The dockerd that this peer is. None: it is none, or not to be seen. OSError: it could not be read."""
        if peer is None or not peer.pid:
            return None
        # Without one the process of this ID is the one that connected, or dockerd has ended (identify_peer).
        identity = peer.identity or (None if peer.is_identified else identify_dockerd(peer.pid, self._proc))
        if identity is None:
            return None
        if (cached := self._cached.get(identity)) is not None:
            return cached
        running = read_dockerd(identity, self._proc)
        daemon = None if running is None else self._locate_running(running)
        if daemon is None:
            return None
        others = {key: value for key, value in self._cached.items() if key != identity}
        # A new mapping each time, so that no thread sees it half changed.
        self._cached = dict(list(others.items())[1 - _MAX_DAEMONS :]) | {identity: daemon}
        return daemon

    def watch(self) -> None:
        """Start the thread that refreshes, once in each process."""
        start_thread("daemons", self._watch)

    def refresh_containerds(self) -> None:
        """Read programs and containerd of each daemon now; what cannot be read stays as it was."""
        for identity, daemon in self._cached.items():
            with suppress(OSError):
                running = read_dockerd(identity, self._proc)
                if running is None:
                    continue
                programs = locate_daemon(running, _read_settings(running)).programs
                now = self._add_containerds(replace(daemon, programs=_merge(daemon.programs, [programs])))
                if now != daemon and identity in self._cached:
                    self._cached = self._cached | {identity: now}

    def _watch(self) -> None:
        while True:
            time.sleep(_REFRESH_SECONDS)
            self.refresh_containerds()

    def find_others(self, asking: AskingDaemon | None, pids: Iterable[int]) -> tuple[AskingDaemon, ...]:
        """Those of these processes that are dockerds of root beside the one that asks.

        A user's program may be called dockerd and name any folder as its own.
        """
        others = (self.find_daemon(Peer(pid, 0)) for pid in pids if asking is None or pid != asking.pid)
        return tuple(daemon for daemon in others if daemon is not None and daemon.uid == 0)

    def _locate_running(self, running: RunningDockerd) -> AskingDaemon | None:
        """None: it has ended meanwhile."""
        try:
            return self._add_containerds(locate_daemon(running, _read_settings(running)))
        except (FileNotFoundError, ProcessLookupError):
            if identify_dockerd(running.identity.pid, self._proc) == running.identity:
                raise
            return None

    def _add_containerds(self, daemon: AskingDaemon) -> AskingDaemon:
        """The daemon with the things of its containerds as they are now, beside those of before."""
        places = [*self._list_containerds(daemon, HostWalk(daemon.root))]
        return replace(
            daemon,
            files=_merge(daemon.files, (each.files for each in places)),
            data=_merge(daemon.data, (each.data for each in places)),
            unseen=_merge((), (each.unseen for each in places)),
        )

    def _list_containerds(self, daemon: AskingDaemon, walk: HostWalk) -> Iterator[ContainerdPaths]:
        """The containerd that it was given, and the one that it may have started itself (moby libcontainerd)."""
        started = f"{daemon.exec_root}/containerd"
        containerds = [(f"{started}/containerd.sock", f"{started}/containerd.toml")]
        if not daemon.rootless:
            containerds.append((daemon.containerd, CONFIG))
        for address, config in containerds:
            # A user's socket is not called: all that a rootless dockerd starts is below its own folders.
            words = () if daemon.uid else find_arguments(walk.local_path(walk.resolve_or_keep(address)), self._proc)
            read = partial(read_content, partial(_find_local, walk))
            places = locate_containerd(words or (), config, read, Files(daemon.root).list_names)
            yield replace(places, unseen=(*places.unseen, *(() if words is not None else (address,))))


def _merge(before: Sequence[str], more: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain(before, *more)))


def _find_local(walk: HostWalk, path: str) -> str:
    return walk.local_path(walk.resolve(path))


def _read_settings(running: RunningDockerd) -> Mapping[str, JSON]:
    """The content of its daemon.json; {} when there is none. OSError: it could not be read.

    An invalid file sets nothing: dockerd did not start with it, and keeps what it had.
    """
    try:
        return read_settings(partial(_find_local, HostWalk(running.root)), find_config_file(running)) or {}
    except ValueError:
        return {}
