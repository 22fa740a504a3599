"""The dockerd that runs on the host, as /proc shows it: its command line, environment and user.

OSError: /proc could not be read, so nothing is known. A single process may be gone, or belong to another user.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portero.host.asking_daemon import DAEMON_CONFIG, AskingDaemon, find_config_file, locate_daemon
from portero.host.dockerd_process import DockerdIdentity, RunningDockerd
from portero.hostcheck.files import Files
from portero.types import JSON

_NAME = "dockerd"
_PID_FILE = "/run/docker.pid"
_GONE = (FileNotFoundError, NotADirectoryError, ProcessLookupError, PermissionError)


@dataclass(frozen=True, slots=True)
class DockerdProcess:
    """A running dockerd; None stands for what this user may not read. `started` is in seconds since 1970."""

    pid: str
    arguments: tuple[str, ...] | None
    environment: Mapping[str, str] | None
    user: int | None
    started: float | None = None

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
        identity = DockerdIdentity(int(self.pid), 0)
        return RunningDockerd(identity, self.user, self.user, "/", "/", (), self.arguments, self.environment)


def find_dockerd(files: Files, uid: int = 0) -> DockerdProcess | None:
    """A dockerd of the account `uid` that is not root's, else the one that the pid file names, else the first.

    Those inside a container do not count. None: none runs.
    """
    pids = [*_list_dockerds(files)]
    if not pids:
        return None
    pid = next((pid for pid in pids if uid and _read_user(files, pid) == uid), pids[0])
    arguments, environment = _read_words(files, f"/proc/{pid}/cmdline"), _read_words(files, f"/proc/{pid}/environ")
    return DockerdProcess(
        pid,
        None if arguments is None else tuple(arguments[1:]),
        None if environment is None else dict(word.partition("=")[::2] for word in environment),
        _read_user(files, pid),
        _read_start(files, pid),
    )


def _list_dockerds(files: Files) -> Iterator[str]:
    named = _read_text(files, _PID_FILE).strip()
    for pid in dict.fromkeys((named, *_list_pids(files))):
        if pid.isdecimal() and _read_text(files, f"/proc/{pid}/comm").strip() == _NAME and not _is_inside(files, pid):
            yield pid


def _list_pids(files: Files) -> list[str]:
    pids = [name for name in files.names("/proc") if name.isdecimal()]
    if not pids:
        # A running host has processes, so this is a folder where /proc should be mounted.
        raise FileNotFoundError("/proc shows no process")
    return pids


def _is_inside(files: Files, pid: str) -> bool:
    """Whether the process lives in a PID namespace below this one: NSpid then has more than one number (proc(5))."""
    return len(_read_status(files, pid).get("NSpid", "").split()) > 1


def _read_user(files: Files, pid: str) -> int | None:
    real = _read_status(files, pid).get("Uid", "").split()
    return int(real[0]) if real else None


def _read_start(files: Files, pid: str) -> float | None:
    """Field 22 of /proc/PID/stat, in clock ticks since the host started; the second field may hold blanks."""
    try:
        ticks = int(files.text(f"/proc/{pid}/stat").rpartition(")")[2].split()[19])
        booted = next(line.split()[1] for line in files.text("/proc/stat").splitlines() if line.startswith("btime "))
        return int(booted) + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def _read_status(files: Files, pid: str) -> dict[str, str]:
    return dict(line.partition(":")[::2] for line in _read_text(files, f"/proc/{pid}/status").splitlines())


def _read_words(files: Files, path: str) -> list[str] | None:
    try:
        return files.text(path).rstrip("\0").split("\0")
    except OSError:
        return None


def _read_text(files: Files, path: str) -> str:
    """The text of a file; empty when the process is gone or belongs to another user."""
    try:
        return files.text(path)
    except _GONE:
        return ""
