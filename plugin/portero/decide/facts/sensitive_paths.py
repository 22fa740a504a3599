"""Paths that decide what root runs, or hold what only root may read, and what logins run or read in homes, as text.

Each has its source in sensitive_paths.tsv or login_entries.tsv; where such a path is a link, what lies behind it is
given this name as well.
"""

from collections.abc import Iterable

from portero.decide.values.path import begin, is_within
from portero.decide.values.tables import read_rows

_ROWS = read_rows(__file__, "sensitive_paths.tsv")
# What is in them is as sensitive as they are.
SENSITIVE = tuple(path for access, path, _ in _ROWS if access in ("any", "home"))
_BEGINNINGS = tuple(map(begin, SENSITIVE))
_HOMES_OF_ROOT = tuple(begin(path) for access, path, _ in _ROWS if access == "home")
# Folders that hold them: for any mount, and for one that may be written.
_HOLDING = frozenset(path for access, path, _ in _ROWS if access == "itself")
_HOLDING_WRITABLE = _HOLDING.union(path for access, path, _ in _ROWS if access == "write")
# Folders of the distribution, in which a new name can mean something to root's programs.
OF_SYSTEM = frozenset(path for access, path, _ in _ROWS if access in ("any", "itself", "new"))

# What a login of a user runs or reads in its home.
_ENTRIES = read_rows(__file__, "login_entries.tsv")
_RUN = tuple(path for access, path, _ in _ENTRIES if access == "run")
DATA = frozenset(path for access, path, _ in _ENTRIES if access == "data")
MARKS = frozenset(path for access, path, _ in _ENTRIES if access == "mark")


def list_sensitive(
    paths: Iterable[str], *, writable: bool, is_file: bool = False, owner_only: bool = False
) -> list[str]:
    """Those of cleaned absolute paths that are sensitive, or hold what is. `is_file`: no folder is there.

    `owner_only`: a file that only its owner may read, such as a key.
    """
    holding = _HOLDING_WRITABLE if writable else _HOLDING
    return [
        path
        for path in paths
        if path in holding
        or (f"{path}/".startswith(_BEGINNINGS) and (writable or owner_only or not _is_project(path, is_file=is_file)))
    ]


def _is_project(path: str, *, is_file: bool) -> bool:
    """Whether a path lies in a folder of a home of root that can be a project's, or is one."""
    home = next((home for home in _HOMES_OF_ROOT if path.startswith(home)), None)  # the home itself is none
    if home is None or (is_file and "/" not in path.removeprefix(home)):
        return False
    return not is_of_login(home.rstrip("/"), path)


def is_of_login(home: str, path: str) -> bool:
    """Whether a path below a home is an entry that a login runs or reads, or lies in one."""
    inside = path.removeprefix(f"{home}/")
    return inside.startswith(".") or any(is_within(inside, entry) for entry in _RUN)


def holds_login(home: str, path: str) -> bool:
    """The same, or the home itself, or a folder in it that holds such an entry."""
    inside = path.removeprefix(f"{home}/")
    return path == home or is_of_login(home, path) or any(is_within(entry, inside) for entry in _RUN)
