"""Finds the dockerd behind a connection: a peer in, AskingDaemon out; None for a peer that is no dockerd.

A daemon's things stay where they were at its start, so each daemon is read once.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from portero.host.asking_daemon import AskingDaemon, find_config_file, locate_daemon
from portero.host.daemon_config import read_content
from portero.host.dockerd_process import DockerdIdentity, RunningDockerd, identify_dockerd, read_dockerd
from portero.host.peer import Peer
from portero.host.symlinks import HostWalk
from portero.types import JSON

# Daemons of one host; those that have ended make room.
_MOST_KEPT = 8


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
        identity = identify_dockerd(peer.pid, self._proc) if peer is not None and peer.pid else None
        if identity is None:
            return None
        if identity not in self._known:
            running = read_dockerd(identity, self._proc)
            if running is None:
                return None
            daemon = locate_daemon(running, _read_settings(running))
            # A new mapping each time, so that no thread sees it half changed.
            kept = dict(list(self._known.items())[1 - _MOST_KEPT :])
            self._known = kept | {identity: daemon}
            return daemon
        return self._known[identity]


def _read_settings(running: RunningDockerd) -> Mapping[str, JSON]:
    """The content of its daemon.json; {} when there is none. OSError: it could not be read.

    An invalid file sets nothing: dockerd did not start with it, and keeps what it had.
    """
    walk = HostWalk(running.root)
    content = read_content(lambda path: walk.local_path(walk.resolve(path)), find_config_file(running))
    try:
        settings: JSON = json.loads((content or b"{}").decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}
    return settings if isinstance(settings, dict) else {}
