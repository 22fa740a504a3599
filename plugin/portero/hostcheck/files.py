"""Reads the host's files below a root, in which links stay as in a chroot. OSError: not there, or not ours to read."""

import os
from pathlib import Path

from portero.host.files import HostFiles
from portero.host.path import clean
from portero.host.sockets import DaemonSockets

# The kernel's own files are small, and so are those that people write.
# (/proc/sys answers ENOMEM to a read of 4 MiB or more.)
_LONGEST = 1 << 20


class Files:
    """The files of one host; paths are absolute on that host."""

    def __init__(self, root: str = "/") -> None:
        self._root = Path(root)
        proc = DaemonSockets(self._root / "proc")
        self._links = HostFiles(root, daemons=proc, name_of=lambda _: None)

    def text(self, path: str) -> str:
        """The text of a file; bytes that are no UTF-8 become U+FFFD."""
        with self._file(path).open("rb") as file:
            return file.read(_LONGEST).decode("utf-8", "replace")

    def text_or(self, path: str, absent: str) -> str:
        """The text of a file, or `absent` where there is no such file."""
        try:
            return self.text(path)
        except (FileNotFoundError, NotADirectoryError):
            return absent

    def exists(self, path: str) -> bool:
        """Whether something is there."""
        try:
            self.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def stat(self, path: str) -> os.stat_result:
        """Owner, mode and kind of what is there, after links."""
        return self._file(path).lstat()

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none where there is no folder."""
        try:
            return sorted(os.listdir(self._file(folder)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def resolved(self, path: str) -> str:
        """The path after links."""
        return self._links.look(clean(path)).resolved or path

    def outside(self, path: str) -> str:
        """Where the file lies for this process: below the root."""
        return str(self._file(path))

    def _file(self, path: str) -> Path:
        place = self._links.look(clean(path))
        if place.resolved is None or place.kind == "unknown":
            # A link that leads in circles, a folder that is not ours to enter, or a pipe, whose reading would wait.
            raise PermissionError(f"{path}: cannot be looked at")
        return self._root / place.resolved.lstrip("/")
