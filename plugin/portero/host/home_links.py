"""Links in homes that lead from what a login runs or reads to other folders: a path in, names and real paths out.

Who may write what such a link leads to writes what a login of that user runs: `.bashrc` of many is a link into a
folder of dotfiles.
"""

import os
import re
from collections.abc import Iterable, Iterator

from portero.files.path import is_within
from portero.files.symlinks import HostWalk, is_closed

# Of a home: where logins, shells, desktops, ssh and systemd --user look (bash(1), sshd(8), systemd.unit(5), XDG).
_FOLDERS = (
    "",
    "bin",
    ".config",
    ".config/autostart",
    ".config/fish",
    ".config/systemd",
    ".config/systemd/user",
    ".local",
    ".local/bin",
    ".local/share",
    ".ssh",
)
_HOME = re.compile(r"/(?:var/)?home/[^/]+")
_MAX_LINKS = 1000


class UnseenHome(Exception):
    """A folder of a home cannot be listed by this process, or holds too many links."""


def find_homes(names: Iterable[str]) -> set[str]:
    """The homes in which a place lies, by its names."""
    return {match[0] for name in names if (match := _HOME.match(name))}


def is_of_login(home: str, path: str) -> bool:
    """Whether a login of this home's user may run or read what is there: dot entries, and bin."""
    first = path.removeprefix(f"{home}/").partition("/")[0]
    return path.startswith(f"{home}/") and (first.startswith(".") or first == "bin")


def list_home_links(walk: HostWalk, home: str) -> list[tuple[str, str]]:
    """Each link that a login of this home follows, with the path where it leads; not those to the home or above it.

    Raises UnseenHome, and OSError where a folder cannot be read now.
    """
    links: list[tuple[str, str]] = []
    for folder in _FOLDERS:
        for path in _list_links_in(walk, f"{home}/{folder}".rstrip("/")):
            real = walk.resolve_or_keep(path)
            if is_of_login(home, path) and real != path and not is_within(home, real):
                links.append((path, real))
            if len(links) > _MAX_LINKS:
                raise UnseenHome(home)
    return links


def name_linked(resolved: str, links: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The names under which links, each with where it leads, show a place or what lies below it."""
    for name, real in links:
        if is_within(resolved, real):
            yield name + resolved.removeprefix("" if real == "/" else real)
        elif is_within(real, resolved):
            yield name


def _list_links_in(walk: HostWalk, folder: str) -> list[str]:
    try:
        with os.scandir(walk.local_path(walk.resolve(folder))) as entries:
            return [f"{folder}/{entry.name}" for entry in entries if entry.is_symlink()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        if is_closed(error):
            raise UnseenHome(folder) from error
        raise
