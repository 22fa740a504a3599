"""The sockets of daemons in a folder, by their usual names: a walk of this moment and a folder in, paths out.

Hardly a folder has one. One that had none is not looked through again while its times are the same.
"""

from portero.host.path import clean
from portero.host.sockets import WELL_KNOWN
from portero.host.symlinks import HostWalk
from portero.host.ways import Stamp, find_stamp

_MOST_KEPT = 64


class SocketlessFolders:
    """The folders that had no such name when they were last looked through."""

    def __init__(self) -> None:
        self._kept: dict[str, Stamp] = {}

    def list_sockets(self, walk: HostWalk, folder: str) -> set[str]:
        """The sockets with such a name in a folder, whose path has no links. OSError: one cannot be seen."""
        stamp = find_stamp(walk, folder)
        if stamp is not None and self._kept.get(folder) == stamp:
            return set()
        paths = {clean(f"{folder}/{name}") for name in WELL_KNOWN}
        sockets = {path for path in paths if walk.is_socket(path)}
        # What is no socket, a dangling link for instance, may become one without a trace in the folder.
        if stamp is not None and all(walk.look(path) is None for path in paths):
            if len(self._kept) >= _MOST_KEPT:
                # A new mapping, so that no other thread sees it half emptied.
                self._kept = {}
            self._kept[folder] = stamp
        return sockets
