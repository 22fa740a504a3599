"""Reads daemon.json from the host's files, and again whenever it has changed: a path in, DaemonDefaults out.

A file that is absent, unreadable, too large or no file at all means that nothing is known, never an error.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from portero.host.daemon_defaults import NOTHING_KNOWN, DaemonDefaults, parse

# Far more than any daemon.json or seccomp profile.
_LARGEST = 1 << 20
_CONTROL_GROUPS = "/sys/fs/cgroup"

# What changes when a file is written or another one is put in its place.
_Stamp: TypeAlias = tuple[int, int, int, int, int]
# Where the file at a path of the host can be opened here, links followed (OSError: nowhere).
_FileOf: TypeAlias = Callable[[str], str]


class DaemonConfig:
    """What daemon.json says; `path` is its place on the host."""

    def __init__(self, path: str) -> None:
        self._path = path
        # One attribute, so that threads never see the stamp of one state beside the defaults of another.
        self._read: tuple[_Stamp | None, DaemonDefaults] = (None, NOTHING_KNOWN)

    def defaults(self, file_of: _FileOf) -> DaemonDefaults:
        """The daemon's defaults as the file says them now; `file_of` looks at the files as they are now, too."""
        stamp = _stamp(file_of, self._path)
        if stamp is None:
            return NOTHING_KNOWN
        seen, defaults = self._read
        if stamp != seen:
            content_of = partial(_content_of, file_of)
            defaults = replace(parse(content_of(self._path) or b"", content_of), cgroup_v2=_cgroup_v2(file_of))
            self._read = (stamp, defaults)
        return defaults


def _stamp(file_of: _FileOf, path: str) -> _Stamp | None:
    try:
        there = os.stat(file_of(path))
    except OSError:
        return None
    return there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns, there.st_ctime_ns


def _content_of(file_of: _FileOf, path: str) -> bytes | None:
    """The content of a file of the host."""
    try:
        file = file_of(path)
        # Opening a pipe would wait for its other end.
        if not stat.S_ISREG(os.stat(file).st_mode):
            return None
        with open(file, "rb") as opened:
            data = opened.read(_LARGEST + 1)
    except OSError:
        return None
    return data if len(data) <= _LARGEST else None


def _cgroup_v2(file_of: _FileOf) -> bool | None:
    """Whether the unified hierarchy is mounted where it belongs (cgroups(7)); None: it cannot be seen."""
    try:
        controllers = Path(file_of(f"{_CONTROL_GROUPS}/cgroup.controllers"))
        return controllers.exists() or (None if not controllers.parent.is_dir() else False)
    except OSError:
        return None
