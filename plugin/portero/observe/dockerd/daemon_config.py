"""Reads daemon.json from the host's files, and again whenever it has changed: a path in, DaemonDefaults out.

Only a file that is absent sets nothing. One that cannot be read, or that dockerd would not start with, is an OSError,
or the last value that could be read; a failure is never remembered.
"""

import errno
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from portero.decide.interfaces.daemon import NO_DEFAULTS, DaemonDefaults, DockerdIdentity
from portero.decide.values.dataclass import replace
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.asking_daemon import DAEMON_CONFIG, AskingDaemon
from portero.observe.dockerd.daemon_defaults import make_defaults, parse_settings
from portero.observe.dockerd.proc import is_older
from portero.observe.files.symlinks import HostWalk
from portero.observe.files.whole_files import read_regular_file, stamp_file

# Below it a managed plugin finds what its manifest mounts of the host.
_MOUNTED = "/host"
_MAX_DAEMONS = 8  # daemons of one host
_CONTROL_GROUPS = "/sys/fs/cgroup"
_NULL = os.makedev(1, 3)
_ABSENT = (FileNotFoundError, NotADirectoryError)

# Path of the host -> path at which this process opens the file, links followed. Raises OSError.
_LocalPath: TypeAlias = Callable[[str], str]


class DaemonConfig:
    """The settings in daemon.json; `path` is its place on the host. `flags`: settings from the command line."""

    def __init__(self, path: str, flags: Mapping[str, JSON] = MappingProxyType({})) -> None:
        self._path = path
        self._flags = flags
        # One attribute, so that threads never see the stamp of one file beside the defaults of another.
        # The stamp None stands for "no file"; None in all: nothing was read yet.
        self._cached: tuple[tuple[int, ...] | None, DaemonDefaults] | None = None

    def read_defaults(
        self, local_path: _LocalPath, is_in_force: Callable[[], bool | None] = lambda: None
    ) -> DaemonDefaults:
        """The daemon's defaults as the file has them now.

        `is_in_force`: whether dockerd has started since the file was changed; None: not known. Raises OSError when the
        file cannot be read and never could be.
        """
        try:
            self._cached = cached = self._read_settings(local_path, is_in_force)
        except OSError as error:
            if self._cached is None:
                raise OSError(error.errno, error.strerror, self._path) from error
            cached = self._cached
        return cached[1]

    def _read_settings(
        self, local_path: _LocalPath, is_in_force: Callable[[], bool | None]
    ) -> tuple[tuple[int, ...] | None, DaemonDefaults]:
        stamp = _read_stamp(local_path, self._path)
        if stamp is None and not self._flags:
            return None, NO_DEFAULTS
        if self._cached is not None and self._cached[0] == stamp:
            return stamp, _add_cgroup_version(self._cached[1], local_path)
        try:
            settings = read_settings(local_path, self._path)
        except ValueError as error:
            raise OSError(errno.EINVAL, "is not a valid daemon.json", self._path) from error
        stamp = None if settings is None else stamp
        defaults = make_defaults({**(settings or {}), **self._flags}, partial(read_content, local_path))
        if defaults.entitlements == "off":
            in_force = is_in_force()
            if not in_force:
                defaults = replace(defaults, entitlements="unknown" if in_force is None else "off-after-restart")
        return stamp, _add_cgroup_version(defaults, local_path)


def find_mounted(path: str) -> str:
    """Where a managed plugin sees a file of the host that its manifest mounts (config.json, daemon-config)."""
    mounted = f"{_MOUNTED}{path}"
    if os.path.islink(mounted):
        raise OSError(errno.ELOOP, "is a link, which leads out of what the plugin sees", path)
    return mounted


class DaemonConfigs:
    """The daemon.json and the flags of each daemon that asks; `path`: a file that holds for all of them.

    `in_force`: it is meant for another host, where dockerd has read it.
    """

    def __init__(self, path: str | None = None, *, in_force: bool = False) -> None:
        self._path = path
        self._in_force = in_force
        self._configs: dict[tuple[str, str, DockerdIdentity | None], DaemonConfig] = {}

    def read_defaults(self, walk: HostWalk | None, asking: AskingDaemon | None) -> DaemonDefaults:
        """The defaults of a daemon, as one walk finds its file; None: as a managed plugin does. Raises OSError."""
        path = self._path or (asking.config_file if asking else DAEMON_CONFIG)
        key = (walk.local_path("/") if walk else "", path, asking.identity if asking else None)
        if (config := self._configs.get(key)) is None:
            config = DaemonConfig(path, asking.flags if asking else {})
            # Those of daemons that have ended go. A new mapping, so that no thread sees it half changed.
            self._configs = {key: config, **dict(list(self._configs.items())[:_MAX_DAEMONS])}
        if self._in_force:
            return config.read_defaults(str, lambda: True)
        if walk is None:
            return config.read_defaults(find_mounted)
        root, started = walk.local_path("/"), asking.started if asking else None
        return config.read_defaults(
            # Links of this process's own root the kernel follows.
            (lambda path: path) if root == "/" else lambda path: walk.local_path(walk.resolve(path)),
            lambda: None if started is None else is_older(root, path, started),
        )


def _read_stamp(local_path: _LocalPath, path: str) -> tuple[int, ...] | None:
    """None: there is no such file."""
    try:
        return stamp_file(os.stat(local_path(path)))
    except _ABSENT:
        return None


def read_content(local_path: _LocalPath, path: str) -> bytes | None:
    """The content of a file of the host; None: there is no such file. Raises OSError for any other failure.

    /dev/null, which dockerd takes for no settings, under any name, is empty.
    """
    try:
        file = local_path(path)
        return b"" if os.stat(file).st_rdev == _NULL else read_regular_file(file)
    except _ABSENT:
        return None


def read_settings(local_path: _LocalPath, path: str) -> dict[str, JSON] | None:
    """The content of daemon.json; None: there is no such file. ValueError: it is invalid; OSError: another failure."""
    content = read_content(local_path, path)
    return None if content is None else parse_settings(content)


def _add_cgroup_version(defaults: DaemonDefaults, local_path: _LocalPath) -> DaemonDefaults:
    """Looked at again until it is known: it does not change while the host runs."""
    if defaults.cgroup_v2 is not None:
        return defaults
    version = _is_cgroup_v2(local_path)
    return defaults if version is None else replace(defaults, cgroup_v2=version)


def _is_cgroup_v2(local_path: _LocalPath) -> bool | None:
    """Whether the unified hierarchy is mounted where it belongs (cgroups(7)); None: it cannot be seen."""
    try:
        controllers = Path(local_path(f"{_CONTROL_GROUPS}/cgroup.controllers"))
        return controllers.exists() or (None if not controllers.parent.is_dir() else False)
    except OSError:
        return None
