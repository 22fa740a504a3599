"""Reads daemon.json from the host's files, and again whenever it has changed: a path in, DaemonDefaults out.

A file that is absent, unreadable, too large or no file at all means that nothing is known, never an error.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from portero.daemondefaults import DaemonDefaults, parse

# Far more than any daemon.json or seccomp profile.
_LARGEST = 1 << 20
_CONTROL_GROUPS = "/sys/fs/cgroup"

# What changes when a file is written or another one is put in its place.
_Stamp: TypeAlias = tuple[int, int, int, int, int]


class DaemonConfig:
    """`file_of`: where the file at a path of the host can be opened here, links followed (OSError: nowhere)."""

    def __init__(self, path: str, file_of: Callable[[str], Path]) -> None:
        self._path = path
        self._file_of = file_of
        # One attribute, so that threads never see the stamp of one state beside the defaults of another.
        self._read: tuple[_Stamp | None, DaemonDefaults] = (None, DaemonDefaults())

    def defaults(self) -> DaemonDefaults:
        """The daemon's defaults as the file says them now."""
        stamp = self._stamp()
        if stamp is None:
            return DaemonDefaults()
        seen, defaults = self._read
        if stamp != seen:
            defaults = replace(
                parse(self._content_of(self._path) or b"", self._content_of), cgroup_v2=self._cgroup_v2()
            )
            self._read = (stamp, defaults)
        return defaults

    def _stamp(self) -> _Stamp | None:
        try:
            there = os.stat(self._file_of(self._path))
        except OSError:
            return None
        return there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns, there.st_ctime_ns

    def _content_of(self, path: str) -> bytes | None:
        """The content of a file of the host."""
        try:
            file = self._file_of(path)
            # Opening a pipe would wait for its other end.
            if not stat.S_ISREG(os.stat(file).st_mode):
                return None
            with open(file, "rb") as opened:
                data = opened.read(_LARGEST + 1)
        except OSError:
            return None
        return data if len(data) <= _LARGEST else None

    def _cgroup_v2(self) -> bool | None:
        """Whether the unified hierarchy is mounted where it belongs (cgroups(7)); None: it cannot be seen."""
        try:
            controllers = self._file_of(f"{_CONTROL_GROUPS}/cgroup.controllers")
            return controllers.exists() or (None if not controllers.parent.is_dir() else False)
        except OSError:
            return None
