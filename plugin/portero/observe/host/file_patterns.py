"""Files of the host by patterns, as their programs find them: a walk and a pattern in, paths and texts out."""

import errno
import os
from fnmatch import fnmatchcase

from portero.observe.files.symlinks import HostWalk, is_closed
from portero.observe.files.whole_files import read_regular_file


def list_paths(walk: HostWalk, pattern: str) -> list[str]:
    """The paths of a pattern, with * in a name as in glob(7); those without one need not be there."""
    paths = [""]
    for part in pattern.strip("/").split("/"):
        if "*" in part:
            paths = [f"{path}/{name}" for path in paths for name in list_names(walk, path) if fnmatchcase(name, part)]
        else:
            paths = [f"{path}/{part}" for path in paths]
    return paths


def list_names(walk: HostWalk, folder: str) -> list[str]:
    """What lies in a folder, sorted; nothing where there is none."""
    resolved, kind = walk.find_entry(folder)
    if kind != "directory" or resolved is None:
        return []
    try:
        return sorted(os.listdir(walk.local_path(resolved)))
    except OSError as error:
        _raise_unless_of_another(error)
        return []


def read_text(walk: HostWalk, path: str) -> str:
    """The text of a file; "" where there is none, and of one that is too long to be text. OSError: unreadable."""
    resolved, kind = walk.find_entry(path)
    if kind != "file" or resolved is None:
        return ""
    try:
        return read_regular_file(walk.local_path(resolved)).decode("utf-8", "replace")
    except OSError as error:
        # A program of that size is no text.
        if error.errno != errno.EFBIG:
            _raise_unless_of_another(error)
        return ""


def _raise_unless_of_another(error: OSError) -> None:
    """What is gone is not there; what root has for itself is another user's to a process of a user."""
    if error.errno not in (errno.ENOENT, errno.ENOTDIR) and not (os.geteuid() and is_closed(error)):
        raise error
