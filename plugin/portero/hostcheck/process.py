"""The dockerd that runs on the host, as /proc shows it: its command line, environment and user. None: none is seen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portero.hostcheck.files import Files

_NAME = "dockerd"
_PID_FILE = "/run/docker.pid"


@dataclass(frozen=True, slots=True)
class Process:
    """None stands for what this user may not read."""

    pid: str
    arguments: tuple[str, ...] | None
    environment: Mapping[str, str] | None
    user: int | None


def find(files: Files) -> Process | None:
    """The dockerd that the pid file names, else the first that is not inside a container."""
    pid = next(_candidates(files), None)
    if pid is None:
        return None
    arguments, environment = _words(files, f"/proc/{pid}/cmdline"), _words(files, f"/proc/{pid}/environ")
    return Process(
        pid,
        None if arguments is None else tuple(arguments[1:]),
        None if environment is None else dict(word.partition("=")[::2] for word in environment),
        _user(files, pid),
    )


def _candidates(files: Files) -> Iterator[str]:
    named = _text(files, _PID_FILE).strip()
    for pid in dict.fromkeys((named, *_names(files))):
        if pid.isdecimal() and _text(files, f"/proc/{pid}/comm").strip() == _NAME and not _is_inside(files, pid):
            yield pid


def _names(files: Files) -> list[str]:
    try:
        return files.names("/proc")
    except OSError:
        return []


def _is_inside(files: Files, pid: str) -> bool:
    """Whether the process lives in a PID namespace below this one: NSpid then has more than one number (proc(5))."""
    return len(_status(files, pid).get("NSpid", "").split()) > 1


def _user(files: Files, pid: str) -> int | None:
    real = _status(files, pid).get("Uid", "").split()
    return int(real[0]) if real else None


def _status(files: Files, pid: str) -> dict[str, str]:
    return dict(line.partition(":")[::2] for line in _text(files, f"/proc/{pid}/status").splitlines())


def _words(files: Files, path: str) -> list[str] | None:
    try:
        return files.text(path).rstrip("\0").split("\0")
    except OSError:
        return None


def _text(files: Files, path: str) -> str:
    """A process may be gone, or another user's: then it tells nothing."""
    try:
        return files.text(path)
    except OSError:
        return ""
