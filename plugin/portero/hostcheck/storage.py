"""Where Docker keeps its data: the folder, whether it is a file system of its own, and of which kind."""

import re
from dataclasses import dataclass

from portero.host.path import clean
from portero.hostcheck.fact import fact, observed, unknown
from portero.hostcheck.files import Files
from portero.hostcheck.process import DockerdProcess
from portero.hostcheck.unknown import UNKNOWN
from portero.types import JSON, Fact


@dataclass(frozen=True, slots=True)
class _MountPoint:
    device: str
    point: str
    kind: str


def facts(files: Files, root: Fact, process: DockerdProcess | None) -> dict[str, JSON]:
    """The part `storage` of the host document; `root` is the fact of dockerd's data root."""
    if root["value"] == UNKNOWN:
        return {"dataRoot": root, "ownFileSystem": unknown(str(root["at"])), "fileSystem": unknown(str(root["at"]))}
    named = str(root["value"])
    table = f"/proc/{process.pid if process is not None else 'self'}/mountinfo"
    at = f"{table} {named}"
    return {
        "dataRoot": fact(root["value"], str(root["at"])),
        "ownFileSystem": observed(at, lambda: _is_own(_read_mounts(files, table), files.resolved(named))),
        "fileSystem": observed(at, lambda: _find_covering(_read_mounts(files, table), files.resolved(named)).kind),
    }


def _is_own(mounts: list[_MountPoint], path: str) -> bool:
    """Its device is not its parent's: dockerd may bind the folder to itself, which makes it a mount point only."""
    here, above = _find_covering(mounts, path), _find_covering(mounts, clean(f"{path}/.."))
    return here.point == path and here.device != above.device


def _find_covering(mounts: list[_MountPoint], path: str) -> _MountPoint:
    """The mount in which a path lies; of several at one point the last one is on top."""
    covering = [mount for mount in mounts if path == mount.point or path.startswith(mount.point.rstrip("/") + "/")]
    if not covering:
        raise ValueError(f"no mount holds {path}")
    return max(reversed(covering), key=lambda mount: len(mount.point))


def _read_mounts(files: Files, table: str) -> list[_MountPoint]:
    """id parent major:minor root point options ... - type source options (proc_pid_mountinfo(5))."""
    mounts = []
    for line in files.text(table).splitlines():
        before, _, after = line.partition(" - ")
        columns = before.split(" ")
        if len(columns) < 5:
            raise ValueError(f"{table} is no mount table")
        mounts.append(_MountPoint(columns[2], _unescape(columns[4]), after.split(" ")[0]))
    return mounts


def _unescape(point: str) -> str:
    r"""Blanks and the like are written as \040."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point)
