"""The programs of root that a mount could change: a root of files in, RootPrograms out.

What root executes now (root_processes.py), and what the host's settings tell it to execute (root_commands.py), as far
as it lies outside the sensitive paths, which no container gets.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from portero.files.link_cache import list_links
from portero.files.path import clean
from portero.files.symlinks import HostWalk
from portero.host.protected_paths import SENSITIVE, ProtectedPaths
from portero.host.root_commands import read_root_commands
from portero.host.root_processes import list_executed
from portero.values.spelling import make_printable

_SENSITIVE = ProtectedPaths({path: path for path in SENSITIVE}, inside=True)
_EXECUTABLE = 0o111


@dataclass(frozen=True, slots=True)
class RootPrograms:
    """`files`: programs, libraries, scripts, and the links to them; `folders`: with all below them."""

    files: ProtectedPaths
    folders: ProtectedPaths

    def may_open(self, path: str) -> bool:
        return self.files.may_open(path) or self.folders.may_open(path)

    def list_opened(self, *paths: str) -> tuple[str, ...]:
        """Those that one of these paths holds, is, or lies in; sorted."""
        return (*self.files.list_opened(*paths), *self.folders.list_opened(*paths))


NO_PROGRAMS = RootPrograms(ProtectedPaths({}), ProtectedPaths({}))


def read_root_programs(root: str, proc: Path = Path("/proc")) -> RootPrograms:
    """The programs of this moment. OSError: they could not be read, or not all of them."""
    walk = HostWalk(root)
    commands = read_root_commands(walk)
    paths = {*commands.certain, *list_executed(proc)}
    paths.update(path for path in commands.scripts if _is_file(walk, path))
    paths.update(path for path in commands.possible if _is_file(walk, path, _EXECUTABLE))
    files, folders = _follow(walk, paths), _follow(walk, commands.folders)
    return RootPrograms(ProtectedPaths(files), ProtectedPaths(folders, inside=True))


def _follow(walk: HostWalk, paths: Iterable[str]) -> dict[str, str]:
    """Each path with where it leads, and the links on its way; without what is sensitive by both names."""
    reals = {}
    for path in map(clean, paths):
        ways = [(path, walk.resolve_or_keep(path)), *((link, link) for link in list_links(walk, path))]
        for name, real in ways:
            if not (_SENSITIVE.surrounds(name) and _SENSITIVE.surrounds(real)):
                # No request can name what is not printable, but folders above it.
                reals[make_printable(name)] = make_printable(real)
    return reals


def _is_file(walk: HostWalk, path: str, modes: int = 0) -> bool:
    """Whether a regular file is there, and has one of these modes."""
    real, kind = walk.find_entry(path)
    entry = walk.lstat(real) if kind == "file" and real is not None else None
    return entry is not None and (not modes or bool(entry.st_mode & modes))
