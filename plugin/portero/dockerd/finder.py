"""Finds dockerd in /proc: the one behind a connection (a peer in, AskingDaemon out), or the one that runs on this host.

A daemon's things stay where they were at its start, so each daemon is read once. But it takes over other runtimes at a
reload, and its containerd can be started anew without it and have its things elsewhere then: these are looked for again
each minute, and none is forgotten.
"""

import logging
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from portero.dockerd.containerd import CONFIG, ContainerdPlaces, find_arguments, locate_containerd
from portero.dockerd.daemon import DAEMON_CONFIG, AskingDaemon, find_config_file, locate_daemon
from portero.dockerd.daemon_config import read_content
from portero.dockerd.daemon_defaults import parse_settings
from portero.dockerd.peer import Peer
from portero.dockerd.proc import (
    DockerdIdentity,
    RunningDockerd,
    identify_dockerd,
    list_processes,
    parse_start,
    parse_user,
    parse_words,
    read_dockerd,
    read_text,
)
from portero.files.symlinks import HostWalk
from portero.threads import start_thread
from portero.values.json_types import JSON

_LOG = logging.getLogger(__name__)
# Daemons of one host; those that have ended make room.
_MOST_KEPT = 8
_LOOKS_EVERY = 60.0  # seconds


class AskingDaemons:
    """The daemons that have asked so far. `proc`: where the kernel shows processes."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._known: dict[DockerdIdentity, AskingDaemon] = {}

    @property
    def known(self) -> tuple[AskingDaemon, ...]:
        """Those that are kept, the latest last."""
        return tuple(self._known.values())

    def find(self, peer: Peer | None) -> AskingDaemon | None:
        """The dockerd that this peer is. None: it is none, or not to be seen. OSError: it could not be read."""
        # dockerd closes its connections at its end, and no program that it starts inherits them: the process of this ID
        # is the one that connected, or dockerd has ended and executes nothing.
        identity = identify_dockerd(peer.pid, self._proc) if peer is not None and peer.pid else None
        if identity is None:
            return None
        known = self._known.get(identity)
        if known is not None:
            return known
        running = read_dockerd(identity, self._proc)
        daemon = None if running is None else self._locate_running(running)
        if daemon is None:
            return None
        others = {key: value for key, value in self._known.items() if key != identity}
        # A new mapping each time, so that no thread sees it half changed.
        self._known = dict(list(others.items())[1 - _MOST_KEPT :]) | {identity: daemon}
        return daemon

    def watch(self) -> None:
        """Start the thread that looks again, once in each process."""
        start_thread("daemons", self._watch)

    def look_again(self) -> None:
        """Look for programs and containerd of each daemon now; what cannot be read stays as it was."""
        for identity, daemon in self._known.items():
            with suppress(OSError):
                running = read_dockerd(identity, self._proc)
                if running is None:
                    continue
                programs = locate_daemon(running, _read_settings(running)).programs
                now = self._with_containerds(replace(daemon, programs=_merge(daemon.programs, [programs])))
                if now != daemon and identity in self._known:
                    self._known = self._known | {identity: now}

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOKS_EVERY)
            try:
                self.look_again()
            except Exception as error:  # noqa: BLE001 - nothing else would look again in this process
                _LOG.error("internal error while looking at a daemon again", exc_info=error)

    def find_others(self, asking: AskingDaemon | None, pids: Iterable[int]) -> tuple[AskingDaemon, ...]:
        """Those of these processes that are dockerds of root beside the one that asks.

        A user's program may be called dockerd and name any folder as its own.
        """
        known = asking.pid if asking else 0
        found = (self.find(Peer(pid, 0)) for pid in pids if pid != known)
        return tuple(daemon for daemon in found if daemon is not None and daemon.uid == 0)

    def _locate_running(self, running: RunningDockerd) -> AskingDaemon | None:
        """None: it has ended meanwhile."""
        try:
            return self._with_containerds(locate_daemon(running, _read_settings(running)))
        except (FileNotFoundError, ProcessLookupError):
            if identify_dockerd(running.identity.pid, self._proc) == running.identity:
                raise
            return None

    def _with_containerds(self, daemon: AskingDaemon) -> AskingDaemon:
        """The daemon with the things of its containerds as they are now, beside those that are known."""
        places = [*self._list_containerds(daemon, HostWalk(daemon.root))]
        return replace(
            daemon,
            files=_merge(daemon.files, (each.files for each in places)),
            data=_merge(daemon.data, (each.data for each in places)),
            unseen=_merge((), (each.unseen for each in places)),
        )

    def _list_containerds(self, daemon: AskingDaemon, walk: HostWalk) -> Iterator[ContainerdPlaces]:
        """The containerd that it was given, and the one that it may have started itself (moby libcontainerd)."""
        own = f"{daemon.exec_root}/containerd"
        found = [(f"{own}/containerd.sock", f"{own}/containerd.toml")]
        if not daemon.rootless:
            found.append((daemon.containerd, CONFIG))
        for address, config in found:
            # A user's socket is not called: all that a rootless dockerd starts is below its own folders.
            words = () if daemon.uid else find_arguments(walk.local_path(walk.resolve_or_keep(address)), self._proc)
            places = locate_containerd(words or (), config, partial(_read, walk), partial(_list_names, walk))
            yield replace(places, unseen=(*places.unseen, *(() if words is not None else (address,))))


def _merge(own: Sequence[str], more: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain(own, *more)))


def _read(walk: HostWalk, path: str) -> bytes | None:
    return read_content(lambda name: walk.local_path(walk.resolve(name)), path)


def _list_names(walk: HostWalk, folder: str) -> list[str]:
    try:
        return os.listdir(walk.local_path(walk.resolve(folder)))
    except FileNotFoundError:
        return []


def _read_settings(running: RunningDockerd) -> Mapping[str, JSON]:
    """The content of its daemon.json; {} when there is none. OSError: it could not be read.

    An invalid file sets nothing: dockerd did not start with it, and keeps what it had.
    """
    walk = HostWalk(running.root)
    content = _read(walk, find_config_file(running))
    try:
        return parse_settings(content or b"")
    except ValueError:
        return {}


@dataclass(frozen=True, slots=True)
class VisibleDockerd:
    """A dockerd as any user of the host sees it; None stands for what this one may not read.

    `started`: in clock ticks since boot.
    """

    pid: str
    arguments: tuple[str, ...] | None
    environment: Mapping[str, str] | None
    user: int | None
    started: int | None = None

    def locate(self, settings: Mapping[str, JSON]) -> AskingDaemon | None:
        """Where its things are; `settings`: the content of its daemon.json. None: it may not be looked into."""
        running = self._running()
        return None if running is None else locate_daemon(running, settings)

    def config_file(self, default: str) -> str:
        """The path of its daemon.json; `default`: the one that the settings of Portero name."""
        running = self._running()
        return default if running is None or default != DAEMON_CONFIG else find_config_file(running)

    def _running(self) -> RunningDockerd | None:
        if self.arguments is None or self.environment is None or self.user is None:
            return None
        identity = DockerdIdentity(int(self.pid), self.started or 0)
        return RunningDockerd(identity, self.user, self.user, "/", "/", (), self.arguments, self.environment)


def find_dockerd(proc: Path, pid_file: str, uid: int = 0) -> VisibleDockerd | None:
    """A dockerd of the account `uid` that is not root's, else the one that the pid file names, else the first.

    Those inside a container do not count. None: none runs. OSError: /proc could not be read, so nothing is known.
    """
    named = (read_text(pid_file).strip(), *list_processes(proc))
    seen = [pid for pid in dict.fromkeys(named) if pid.isdecimal() and _is_dockerd(proc / pid)]
    if not seen:
        return None
    users = {pid: parse_user(read_text(f"{proc}/{pid}/status")) for pid in seen}
    pid = next((pid for pid in seen if uid and users[pid] == uid), seen[0])
    arguments, environment = _read_words(proc / pid / "cmdline"), _read_words(proc / pid / "environ")
    return VisibleDockerd(
        pid,
        None if arguments is None else tuple(arguments[1:]),
        None if environment is None else dict(word.partition("=")[::2] for word in environment),
        users[pid],
        parse_start(read_text(f"{proc}/{pid}/stat")),
    )


def is_running(proc: Path, program: str) -> bool:
    """Whether a program of this name runs outside of containers. OSError: /proc could not be read."""
    return any(
        (_read_words(proc / pid / "cmdline") or [""])[0].rpartition("/")[2] == program and _is_outside(proc / pid)
        for pid in list_processes(proc)
    )


def _is_dockerd(process: Path) -> bool:
    """By its name, which every user may read."""
    return read_text(f"{process}/comm").strip() == "dockerd" and _is_outside(process)


def _is_outside(process: Path) -> bool:
    """Whether it runs outside of containers: inside a PID namespace below this one it has more than one number."""
    numbers = re.search(r"^NSpid:(.*)", read_text(f"{process}/status"), re.MULTILINE)
    return numbers is None or len(numbers[1].split()) < 2


def _read_words(file: Path) -> list[str] | None:
    try:
        return parse_words(file.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return None
