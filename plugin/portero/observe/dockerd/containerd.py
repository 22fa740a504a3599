"""Where the containerd of a dockerd has its things: its command line and configuration in, ContainerdPlaces out.

Names and defaults are containerd's: cmd/containerd/server/config/config.go, cmd/containerd/command/main.go.
"""

import errno
import fnmatch
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import to_object, to_texts
from portero.decide.values.path import clean
from portero.observe.dockerd.flags import parse_flags
from portero.observe.dockerd.peer import read_peer
from portero.observe.dockerd.proc import read_program, read_words

CONFIG = "/etc/containerd/config.toml"
ROOT = "/var/lib/containerd"
STATE = "/run/containerd"
_PROGRAM = "containerd"
_NONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ECONNREFUSED, errno.ESRCH})
# None: a path too long for a socket's address has no number.
_CLOSED = frozenset({errno.EACCES, errno.EPERM, None})
_SECONDS = 0.5  # to connect to its socket
_MAX_FILES = 32
_ADDRESSES = ("debug", "grpc", "ttrpc")

# Path of the host -> content; None: there is no such file. Raises OSError.
ReadContent = Callable[[str], bytes | None]
# Folder of the host -> the names in it; empty when there is none. Raises OSError.
ListNames = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class ContainerdPaths:
    """Cleaned paths. `data`: its root and those of snapshotters; `files`: configuration, state and sockets.

    `unseen`: configuration files that could not be read, or not as TOML.
    """

    data: tuple[str, ...]
    files: tuple[str, ...]
    unseen: tuple[str, ...] = ()


class ConfigFiles:
    """The configuration files of one containerd, imports included."""

    def __init__(self, read: ReadContent, list_names: ListNames) -> None:
        self._read = read
        self._list_names = list_names
        self.read: dict[str, Mapping[str, Any]] = {}
        self.unseen: list[str] = []

    def add(self, path: str) -> None:
        """Read a file and what it imports; a file that is not there sets nothing."""
        if path in self.read or path in self.unseen:
            return
        if len(self.read) == _MAX_FILES:
            self.unseen.append(path)
            return
        try:
            content = self._read(path)
            self.read[path] = tomllib.loads("" if content is None else content.decode())
        except (OSError, ValueError, RecursionError):
            self.unseen.append(path)
            return
        for pattern in to_texts(self.read[path].get("imports")):
            self._import(clean(os.path.join(os.path.dirname(path), pattern)))

    def _import(self, pattern: str) -> None:
        """As filepath.Glob of Go, in the last part of a path alone: a pattern before that is not followed."""
        folder, name = os.path.split(pattern)
        if not any(mark in pattern for mark in "*?["):
            self.add(pattern)
        elif any(mark in folder for mark in "*?["):
            self.unseen.append(pattern)
        else:
            try:
                names = sorted(self._list_names(folder))
            except OSError:
                self.unseen.append(pattern)
                return
            for each in names:
                if fnmatch.fnmatchcase(each, name):
                    self.add(f"{folder}/{each}")


def find_process(address: str) -> int | None:
    """The ID of the process that listens at a path; None: none does. OSError: it does not take the connection."""
    from portero.observe.dockerd.unix_http import UnixConnection  # slow to load, and most commands ask no daemon

    connection = UnixConnection(address, _SECONDS)
    try:
        connection.connect()
        return read_peer(connection.sock).pid
    except OSError as error:
        if error.errno in _NONE:
            return None
        raise
    finally:
        connection.close()


def find_arguments(address: str, proc: Path = Path("/proc")) -> tuple[str, ...] | None:
    """The command line, without the program's name, of the containerd that listens at a path; empty when none does.

    None: it may not be looked into, or does not take the connection. OSError: it could not be read.
    """
    try:
        if (pid := find_process(address)) is None:
            return ()
        process = proc / str(pid)
        words = read_words(process / "cmdline")
        return tuple(words[1:]) if read_program(process) == _PROGRAM else ()
    except OSError as error:
        if error.errno in _NONE:
            return ()
        if isinstance(error, TimeoutError) or error.errno in _CLOSED:
            return None
        raise


def locate_containerd(
    arguments: Iterable[str], default_config: str, read: ReadContent, list_names: ListNames
) -> ContainerdPaths:
    """Where the things of a containerd with this command line are; the usual paths always count."""
    flags = parse_flags(tuple(arguments))
    configs = [*flags.get("config", ()), *flags.get("c", ())] or [default_config]
    files = ConfigFiles(read, list_names)
    for path in configs:
        files.add(clean(path))
    settings = files.read.values()
    data = [ROOT, *flags.get("root", ()), *_list_data(settings)]
    named = [to_object(each.get(name)).get("address") for each in settings for name in _ADDRESSES]
    addresses = [*flags.get("address", ()), *flags.get("a", ()), *to_texts(named)]
    states = [STATE, *flags.get("state", ()), *to_texts([each.get("state") for each in settings]), *addresses]
    return ContainerdPaths(_clean_all(data), _clean_all([*states, *configs, *files.read]), tuple(files.unseen))


def _list_data(settings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The root, and the folders that plugins such as snapshotters have elsewhere."""
    for each in settings:
        tables = map(to_object, to_object(each.get("plugins")).values())
        yield from to_texts([each.get("root"), *(table.get("root_path") for table in tables)])


def _clean_all(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clean(path) for path in paths if path.startswith("/")))
