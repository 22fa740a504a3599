"""The host that requests are judged by: where its files are visible, and who can be asked about it.

dockerd is asked at the socket in the settings, or at those that the asking daemon has open.
"""

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path

from portero.decide.policy.policy import Policy
from portero.decide.reading.routes import Routes
from portero.decide.values.errors import LoadError
from portero.decide.values.path import clean
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.files.owners import Owners
from portero.observe.host.home_links import read_homes
from portero.observe.host.live_host import HostFiles
from portero.observe.host.read_ahead import ReadAhead
from portero.observe.host.root_programs import read_root_programs
from portero.observe.host.sockets import DEFAULT_SOCKETS, list_listening, list_open_sockets, read_sockets
from portero.observe.lookups.live_daemon import LiveDaemon
from portero.observe.process import package_files
from portero.observe.writers.writer_memory import WriterMemory
from portero.serve.settings import own_files
from portero.serve.settings.settings import Settings

# Programs of root come and go with units and packages.
_PROGRAMS_SECONDS = 30.0
# Folders and links of homes, with what users install.
_HOMES_SECONDS = 10.0


def make_daemon(settings: Settings, routes: Routes) -> LiveDaemon:
    """What is kept of the daemons that ask, with nothing in it yet."""
    addresses = partial(list_daemon_addresses, settings)
    return LiveDaemon(addresses, WriterMemory(settings.writers), routes, looks_up=settings.lookups == "auto")


def make_host(settings: Settings, policy: Policy, links: Sequence[str], daemon: LiveDaemon) -> HostFiles:
    """The host that requests are judged by; `links`: those in the policy folders."""
    if (encoding := sys.getfilesystemencoding()) != "utf-8":
        # dockerd and the kernel take names as the bytes that a client sends, which are UTF-8.
        raise LoadError(
            [f"the locale spells names of files in {encoding}, dockerd in UTF-8: set PYTHONUTF8=1, or LANG=C.UTF-8"]
        )
    root = settings.visible_root
    try:
        owners = Owners()
    except OSError as error:
        raise LoadError(
            [f"{error.filename}: {error.strerror}: mount /proc, Portero reads there whose files are whose"]
        ) from error
    return HostFiles(
        None if settings.host_root == "auto" else root,
        visible=root != "none",
        sockets=[str(settings.socket)],
        portero=[str(package_files.package()), *own_files.list_deciding(settings)],
        links=links,
        programs=own_files.list_programs(),
        logs=own_files.list_logs(settings),
        protected=policy.protected_paths,
        listening=ReadAhead(lambda root: read_sockets()),
        programs_of_root=ReadAhead(read_root_programs, seconds=_PROGRAMS_SECONDS),
        homes=ReadAhead(read_homes, seconds=_HOMES_SECONDS),
        owners=owners,
        lookups=daemon,
        daemon_config=str(settings.daemon_config) if settings.daemon_config else None,
    )


class DaemonSockets:
    """The paths at which this process finds the daemon's sockets, those of its configuration first.

    The others are looked for only when they are needed: a daemon answers at the first, and has a descriptor for each
    stream of its containers. A configured path stays in the list when it is not found: a socket that systemd opened is
    in its network namespace. Going through them raises OSError when they cannot be read.
    """

    def __init__(self, daemon: AskingDaemon, proc: Path = Path("/proc")) -> None:
        self._daemon = daemon
        self._proc = proc

    def __bool__(self) -> bool:
        return any(True for _ in self)

    def __iter__(self) -> Iterator[str]:
        root = self._daemon.root.rstrip("/")
        yield from (f"{root}{path}" for path in dict.fromkeys(self._daemon.hosts))
        yield from (f"{root}{path}" for path in self._others)

    @cached_property
    def _others(self) -> list[str]:
        folder = f"{self._proc}/{self._daemon.pid}"
        open_sockets = {*list_open_sockets(f"{folder}/fd")}
        paths = {clean(path) for inode, path in list_listening(f"{folder}/net/unix") if inode in open_sockets}
        return sorted(path for path in paths.difference(self._daemon.hosts) if path.startswith("/"))


def list_daemon_addresses(settings: Settings, daemon: AskingDaemon | None) -> Iterable[str]:
    """The sockets at which the daemon that asks can be asked for the name of a network, the best first."""
    if settings.docker_host is not None:
        return [str(settings.docker_host)]
    if daemon is not None:
        return DaemonSockets(daemon)
    # Any program can listen under the name of dockerd; only root can make root's socket.
    return [address for address in DEFAULT_SOCKETS[:1] if _is_socket_of_root(address)]


def _is_socket_of_root(address: str) -> bool:
    """A managed plugin without its mount docker-socket has the device /dev/null there."""
    try:
        status = os.stat(address)
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and status.st_uid == 0
