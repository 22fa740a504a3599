"""Finds homes, and links in them that lead from what a login runs or reads to other folders: a root in, Homes out.

Who may write what such a link leads to writes what a login of that user runs: `.bashrc` of many is a link into a
folder of dotfiles. It is read ahead: no container may write where such a link lies, so that only the host's own users
make one, and who mounted the folder a moment before has the same.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from portero.decide.facts.sensitive_paths import DATA, MARKS, holds_login, is_of_login, list_sensitive
from portero.decide.values.dataclass import replace
from portero.decide.values.path import clean, is_absolute, is_within
from portero.observe.files.link_cache import list_links
from portero.observe.files.symlinks import HostWalk, is_closed
from portero.observe.host.homes import FOLDERS, HOME_OF_ROOT, Homes, Link

_ACCOUNTS = "/etc/passwd"
# Shells of accounts without a login.
_NO_SHELLS = ("/nologin", "/false", "/sync", "/halt", "/shutdown")
# login.defs(5), UID_MIN.
_FIRST_PERSON = 1000
# Folders below a home that are looked through, one in the other; ~/.config/systemd/user/default.target.wants is four.
_MAX_DEPTH = 4
_MAX_ENTRIES = 20_000
# /home/DOMAIN/alicia, /home/students/2026/alicia
_MAX_FOLDERS = 2


class _Unseen(Exception):
    """A folder of a home cannot be listed by this process, or there are too many entries."""


class _Lister:
    """Lists folders, up to so many entries in all."""

    def __init__(self, walk: HostWalk) -> None:
        self.walk = walk
        self._left = _MAX_ENTRIES

    def list_entries(self, path: str) -> Iterator[os.DirEntry[str]]:
        """Those of the folder to which a path leads; none where there is none. Raises _Unseen, and OSError."""
        try:
            folder = self.walk.resolve(path)
            if self.walk.lstat(folder) is None:
                return
            with os.scandir(self.walk.local_path(folder)) as entries:
                for entry in entries:
                    self._left -= 1
                    if self._left < 0:
                        raise _Unseen(path)
                    yield entry
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            if is_closed(error):
                raise _Unseen(path) from error
            raise


def read_homes(root: str) -> Homes:
    """The homes of this moment below a root of files. Raises OSError where something cannot be read now."""
    walk = HostWalk(root)
    home_paths, homes = _list_home_paths(_Lister(walk))
    by_home = {home: _list_links(home, _Lister(walk)) for home in (*homes, HOME_OF_ROOT)}
    links = (*home_paths.links, *(link for links in by_home.values() for link in links or ()))
    return replace(home_paths, links=links, unseen=frozenset(home for home in by_home if by_home[home] is None))


def _list_home_paths(lister: _Lister) -> tuple[Homes, list[str]]:
    """The entries of folders of homes, and the homes of local accounts with a login (passwd(5)).

    Of links only those that are homes.
    """
    rows = [*_read_accounts(lister)]
    # Of several names of one number the first is the one that a door gives (getpwuid).
    accounts = {int(row[2]): row[0] for row in reversed(rows) if row[2].isdecimal()}
    listed = {clean(row[5]) for row in rows if is_absolute(row[5])}
    folders = {*FOLDERS}
    homes = {path for path in listed if not list_sensitive([path], writable=True)}
    for folder in FOLDERS:
        homes |= _find_in(lister, folder, folders, listed, _MAX_FOLDERS)
    reals = {home: lister.walk.resolve_or_keep(home) for home in homes}
    others = {home for home in homes if home.rpartition("/")[0] not in folders}
    others |= {
        real for real in reals.values() if real.rpartition("/")[0] not in folders and real not in ("/", *folders)
    }
    links = tuple(
        (home, real) for home, real in reals.items() if real != home and not list_sensitive([real], writable=True)
    )
    return Homes(frozenset(folders), frozenset(others), links, accounts=accounts), sorted(homes)


def _find_in(lister: _Lister, folder: str, folders: set[str], listed: set[str], depth: int) -> set[str]:
    """The homes in a folder of homes. One without marks of a home, in which a folder has some, is such a folder too."""
    homes = set[str]()
    try:
        for entry in [*lister.list_entries(folder)]:
            path = f"{folder}/{entry.name}"
            if entry.is_symlink() or (
                entry.is_dir(follow_symlinks=False) and not _holds_homes(lister, path, listed, depth)
            ):
                homes.add(path)
            elif entry.is_dir(follow_symlinks=False):
                folders.add(path)
                homes |= _find_in(lister, path, folders, listed, depth - 1)
    except _Unseen:
        pass  # each entry counts as a home by its name
    return homes


def _holds_homes(lister: _Lister, path: str, listed: set[str], depth: int) -> bool:
    if depth == 0 or path in listed:
        return False
    try:
        inside = [*lister.list_entries(path)]
        if _has_mark(inside):
            return False
        below = [f"{path}/{entry.name}" for entry in inside if entry.is_dir(follow_symlinks=False)]
        return any(
            _has_mark(lister.list_entries(each)) or _holds_homes(lister, each, listed, depth - 1) for each in below
        )
    except _Unseen:
        return False


def _has_mark(entries: Iterable[os.DirEntry[str]]) -> bool:
    return any(entry.name in MARKS for entry in entries)


def _read_accounts(lister: _Lister) -> Iterator[list[str]]:
    """The fields of local accounts with a login."""
    path, kind = lister.walk.find_entry(_ACCOUNTS)
    if path is None or kind != "file":
        return
    try:
        lines = Path(lister.walk.local_path(path)).read_text("utf-8", "replace").splitlines()
    except PermissionError:
        return
    for row in (line.split(":") for line in lines):
        if len(row) == 7 and _is_person(row[2]) and not row[6].endswith(_NO_SHELLS):
            yield row


def _is_person(uid: str) -> bool:
    """The home of a service is its data: PostgreSQL's account has a shell, and lives in its databases."""
    return not uid.isdecimal() or int(uid) >= _FIRST_PERSON


def _list_links(home: str, lister: _Lister) -> tuple[Link, ...] | None:
    """The links of what a login of this home runs or reads, and those on their ways; None: not all could be listed."""
    try:
        return tuple(dict.fromkeys(_find_links(lister, home)))
    except _Unseen:
        return None


def _find_links(lister: _Lister, home: str) -> Iterator[Link]:
    walk = lister.walk
    waiting, seen = [(home, 0)], set[str]()
    for folder, depth in waiting:
        real_folder = walk.resolve_or_keep(folder)
        if real_folder in seen:
            continue
        seen.add(real_folder)
        for entry in lister.list_entries(folder):
            path = f"{folder}/{entry.name}"
            if not holds_login(home, path):
                continue
            is_link = entry.is_symlink()
            if is_link:
                paths = {walk.resolve_or_keep(path), *list_links(walk, path)}
                leading = {way for way in paths if way != path and not _is_judged_itself(home, way)}
                if is_of_login(home, path):
                    yield from ((path, way) for way in sorted(leading))
                if not leading:
                    continue
            if depth < _MAX_DEPTH and path.removeprefix(f"{home}/") not in DATA and (is_link or entry.is_dir()):
                waiting.append((path, depth + 1))


def _is_judged_itself(home: str, path: str) -> bool:
    """Whether writing there is refused whatever leads there; or it is the home or above it, and says nothing."""
    lies_in = path.startswith(f"{home}/") and is_of_login(home, path)
    return lies_in or is_within(home, path) or bool(list_sensitive([path], writable=True) and home != HOME_OF_ROOT)
