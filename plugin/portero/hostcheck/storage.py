"""Where Docker keeps its data: the folder, whether it is a file system of its own, and of which kind."""

from portero.host.asking_daemons import VisibleDockerd
from portero.host.mount_table import MountTable
from portero.host.mountinfo import parse_mounts
from portero.host.path import clean
from portero.hostcheck.fact import fact, observed, unknown
from portero.hostcheck.files import Files
from portero.hostcheck.unknown import UNKNOWN
from portero.types import JSON, Fact


def facts(files: Files, root: Fact, process: VisibleDockerd | None) -> dict[str, JSON]:
    """The part `storage` of the host document; `root` is the fact of dockerd's data root."""
    if root["value"] == UNKNOWN:
        return {"dataRoot": root, "ownFileSystem": unknown(str(root["at"])), "fileSystem": unknown(str(root["at"]))}
    named = str(root["value"])
    table = f"/proc/{process.pid if process is not None else 'self'}/mountinfo"
    at = f"{table} {named}"
    return {
        "dataRoot": fact(root["value"], str(root["at"])),
        "ownFileSystem": observed(at, lambda: _is_own(_read_mounts(files, table), files.resolved(named))),
        "fileSystem": observed(at, lambda: _read_mounts(files, table).find_mount(files.resolved(named)).type),
    }


def _is_own(mounts: MountTable, path: str) -> bool:
    """Its device is not its parent's: dockerd may bind the folder to itself, which makes it a mount point only."""
    here, above = mounts.find_mount(path), mounts.find_mount(clean(f"{path}/.."))
    return here.point == path and here.device != above.device


def _read_mounts(files: Files, table: str) -> MountTable:
    return MountTable(parse_mounts(files.text(table).encode()))
