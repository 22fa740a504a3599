"""The daemons that ask, of all workers together: each worker writes what it saw into the folder that they share.

A daemon is one file, whichever worker writes it. One that has ended is reported no more.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from portero.host.asking_daemon import AskingDaemon
from portero.host.dockerd_process import DockerdIdentity, identify_dockerd
from portero.types import JSON
from portero.whole_file import write_whole

_LOG = logging.getLogger(__name__)
_PREFIX = "daemon-"


class AskedBy:
    """`shared`: the folder of all workers; None: this process is the only one. `proc`: where processes are shown."""

    def __init__(self, shared: Path | None = None, proc: Path = Path("/proc")) -> None:
        self._shared = shared
        self._proc = proc
        self._noted: tuple[AskingDaemon, ...] = ()

    def note(self, daemons: tuple[AskingDaemon, ...]) -> None:
        """Remember those that have asked this worker so far. A failure is logged: it decides nothing."""
        if daemons == self._noted:
            return
        fresh = [daemon for daemon in daemons if daemon not in self._noted]
        self._noted = daemons
        if self._shared is None:
            return
        try:
            for daemon in fresh:
                _write(self._shared, daemon)
        except OSError as error:
            _LOG.warning("status does not name the daemon that asks: %s", error.strerror)

    def list(self) -> list[JSON]:
        """What status reports of each daemon that still runs, the one that started last at the end."""
        found = {daemon.identity: _describe(daemon) for daemon in self._noted}
        if self._shared is not None:
            found |= dict(_read(self._shared))
        running = {identity: about for identity, about in found.items() if self._runs(identity)}
        return [about for _, about in sorted(running.items(), key=lambda entry: entry[0].started)]

    def _runs(self, identity: DockerdIdentity) -> bool:
        try:
            return identify_dockerd(identity.pid, self._proc) == identity
        except OSError:
            return True  # what cannot be read may run


def _write(shared: Path, daemon: AskingDaemon) -> None:
    identity = daemon.identity
    file = shared / f"{_PREFIX}{identity.pid}-{identity.started}.json"
    # Whole, since other workers read it.
    write_whole(file, json.dumps(_describe(daemon)).encode(), 0o600)


def _read(shared: Path) -> Iterator[tuple[DockerdIdentity, JSON]]:
    for file in shared.glob(f"{_PREFIX}*.json"):
        with suppress(OSError):
            pid, started = file.stem.removeprefix(_PREFIX).split("-")
            yield DockerdIdentity(int(pid), int(started)), json.loads(file.read_text(encoding="utf-8"))


def _describe(daemon: AskingDaemon) -> JSON:
    return {
        "pid": daemon.pid,
        "uid": daemon.uid,
        "dataRoot": daemon.data_roots[0],
        "daemonJson": daemon.config_file,
        "rootless": daemon.rootless,
        "unseen": [*daemon.unseen],
    }
