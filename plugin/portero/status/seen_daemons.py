"""The running daemons among those that ask, for status."""

from collections.abc import Iterable
from pathlib import Path

from portero.dockerd.daemon import AskingDaemon
from portero.dockerd.proc import identify_dockerd
from portero.values.json_types import JSON


def list_running(daemons: Iterable[AskingDaemon], proc: Path = Path("/proc")) -> list[JSON]:
    """Those that run, the one that started last at the end. `proc`: where processes are shown."""
    return [
        _describe(daemon)
        for daemon in sorted(daemons, key=lambda daemon: daemon.identity.started)
        if _runs(daemon, proc)
    ]


def _runs(daemon: AskingDaemon, proc: Path) -> bool:
    try:
        return identify_dockerd(daemon.pid, proc) == daemon.identity
    except OSError:
        return True  # what cannot be read may run


def _describe(daemon: AskingDaemon) -> JSON:
    return {
        "pid": daemon.pid,
        "uid": daemon.uid,
        "dataRoot": daemon.data_roots[0],
        "daemonJson": daemon.config_file,
        "rootless": daemon.rootless,
        "unreadable": [*daemon.unseen],
    }
