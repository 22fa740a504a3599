"""Finds the dockerd that runs on this host, as any user of the host sees it in /proc; no connection names it."""

import re
from collections.abc import Mapping
from pathlib import Path

from portero.decide.interfaces.daemon import DockerdIdentity
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.asking_daemon import DAEMON_CONFIG, AskingDaemon, find_config_file, locate_daemon
from portero.observe.dockerd.dockerd_process import RunningDockerd
from portero.observe.dockerd.proc import list_processes, parse_start, parse_user, read_text, read_words


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
        running = self._make_running()
        return None if running is None else locate_daemon(running, settings)

    def find_config_file(self, default: str) -> str:
        """The path of its daemon.json; `default`: the one that the settings of Portero name."""
        running = self._make_running()
        return default if running is None or default != DAEMON_CONFIG else find_config_file(running)

    def _make_running(self) -> RunningDockerd | None:
        if self.arguments is None or self.environment is None or self.user is None:
            return None
        identity = DockerdIdentity(int(self.pid), self.started or 0)
        return RunningDockerd(identity, self.user, self.user, "/", "/", (), self.arguments, self.environment)


def find_dockerd(proc: Path, pid_file: str, uid: int = 0) -> VisibleDockerd | None:
    """A dockerd of the account `uid` that is not root's, else the one that the pid file names, else the first.

    Those inside a container do not count. None: none runs. OSError: /proc could not be read, so nothing is known.
    """
    named = (read_text(pid_file).strip(), *list_processes(proc))
    running = [pid for pid in dict.fromkeys(named) if pid.isdecimal()]
    # By the name, which every user may read, unlike the program of a process.
    dockerds = (pid for pid in running if read_text(f"{proc}/{pid}/comm").strip() == "dockerd")
    pids = [pid for pid in dockerds if _is_outside(proc / pid)]
    if not pids:
        return None
    users = {pid: parse_user(read_text(f"{proc}/{pid}/status")) for pid in pids}
    pid = next((pid for pid in pids if uid and users[pid] == uid), pids[0])
    arguments, environment = _read_arguments(proc / pid / "cmdline"), _read_arguments(proc / pid / "environ")
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
        (_read_arguments(proc / pid / "cmdline") or [""])[0].rpartition("/")[2] == program and _is_outside(proc / pid)
        for pid in list_processes(proc)
    )


def _is_outside(process: Path) -> bool:
    """Whether it runs outside of containers: inside a PID namespace below this one it has more than one number."""
    numbers = re.search(r"^NSpid:(.*)", read_text(f"{process}/status"), re.MULTILINE)
    return numbers is None or len(numbers[1].split()) < 2


def _read_arguments(file: Path) -> list[str] | None:
    try:
        return read_words(file)
    except OSError:
        return None
