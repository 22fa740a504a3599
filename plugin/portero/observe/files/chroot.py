"""Reads the host's files below a root, in which links stay as in a chroot. OSError: not there, or not readable."""

import os
import stat
from pathlib import Path

from portero.decide.values.path import clean
from portero.observe.files.symlinks import HostWalk
from portero.observe.files.whole_files import read_regular_file


class Files:
    """The files of one host; paths are absolute on that host."""

    def __init__(self, root: str = "/") -> None:
        self._root = root

    def read_text(self, path: str) -> str:
        """The text of a file of at most 1 MiB; bytes that are no UTF-8 become U+FFFD."""
        return self.read_data(path).decode("utf-8", "replace")

    def read_data(self, path: str) -> bytes:
        """The content of a file of at most 1 MiB."""
        return read_regular_file(self._find_file(path))

    def read_text_or(self, path: str, absent: str) -> str:
        """The text of a file, or `absent` where there is no such file."""
        try:
            return self.read_text(path)
        except (FileNotFoundError, NotADirectoryError):
            return absent

    def exists(self, path: str) -> bool:
        try:
            self.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def is_file(self, path: str) -> bool:
        """Whether a regular file is there, after links; False: something else, or nothing."""
        try:
            return stat.S_ISREG(self.stat(path).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def stat(self, path: str) -> os.stat_result:
        """Owner, mode and kind of what is there, after links."""
        return self._find_file(path).lstat()

    def list_names(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self._find_file(folder)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def resolve_path(self, path: str) -> str:
        resolved, _ = HostWalk(self._root).find_entry(clean(path))
        if resolved is None:
            raise PermissionError(f"{path}: its links cannot be followed")
        return resolved

    def outside(self, path: str) -> str:
        """Where this process opens the file: below the root."""
        return str(self._find_file(path))

    def outside_link(self, path: str) -> str:
        """The same without following the last name, where that is a link."""
        folder, _, name = clean(path).rpartition("/")
        return f"{self.outside(folder or '/')}/{name}"

    def _find_file(self, path: str) -> Path:
        walk = HostWalk(self._root)
        resolved, kind = walk.find_entry(clean(path))
        if resolved is None or kind == "unknown":
            # A link that leads in circles, a folder that this user may not enter, or a pipe, whose reading would wait.
            raise PermissionError(f"{path}: cannot be read")
        return Path(walk.local_path(resolved))
