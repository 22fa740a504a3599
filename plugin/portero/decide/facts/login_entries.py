"""What a login of a user runs or reads in its home (login_entries.tsv), as text."""

from portero.decide.values.path import is_within
from portero.decide.values.tables import read_rows

_ROWS = read_rows(__file__, "login_entries.tsv")
_RUN = tuple(path for access, path, _ in _ROWS if access == "run")
DATA = frozenset(path for access, path, _ in _ROWS if access == "data")
MARKS = frozenset(path for access, path, _ in _ROWS if access == "mark")


def is_of_login(home: str, path: str) -> bool:
    """Whether a path below a home is an entry that a login runs or reads, or lies in one."""
    inside = path.removeprefix(f"{home}/")
    return inside.startswith(".") or any(is_within(inside, entry) for entry in _RUN)


def holds_login(home: str, path: str) -> bool:
    """The same, or the home itself, or a folder in it that holds such an entry."""
    inside = path.removeprefix(f"{home}/")
    return path == home or is_of_login(home, path) or any(is_within(entry, inside) for entry in _RUN)
