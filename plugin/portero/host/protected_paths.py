"""What is protected on a host and why, as text: lists of paths, and which of them a path opens. No file is looked at.

Sensitive paths decide what root runs, or hold what only root may read. sensitive_paths.tsv names them, each with its
source; where such a path is a link, what lies behind it is given this name as well.
"""

from collections.abc import Iterable, Mapping

from portero.dockerd.containerd import ROOT
from portero.dockerd.daemon import DATA_ROOT
from portero.files.package_files import read_rows
from portero.files.path import begin
from portero.host.homes import is_of_login

_ROWS = read_rows(__file__, "sensitive_paths.tsv")
# What is in them is as sensitive as they are.
SENSITIVE = tuple(path for access, path, _ in _ROWS if access in ("any", "home"))
_BEGINNINGS = tuple(map(begin, SENSITIVE))
_HOMES_OF_ROOT = tuple(begin(path) for access, path, _ in _ROWS if access == "home")
# Folders that hold them: for any mount, and for one that may be written.
_HOLDING = frozenset(path for access, path, _ in _ROWS if access == "itself")
_HOLDING_WRITABLE = _HOLDING.union(path for access, path, _ in _ROWS if access == "write")
# Data at the usual paths counts whether a daemon is seen or not: it may be of another one, or of one that is stopped.
USUAL_DATA = (DATA_ROOT, ROOT)


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


class ProtectedPaths:
    """Files and folders, each under its name and under its path after links: `reals` maps one to the other.

    `inside`: what lies below one of them is protected too.
    """

    def __init__(self, reals: Mapping[str, str], *, inside: bool = False) -> None:
        self._pairs = tuple((begin(name), begin(real), real) for name, real in reals.items())
        self._paths = tuple((begin(path), path) for path in {*reals, *reals.values()})
        # All in one text, because almost no mount has a protected path below it: a single search of the text proves
        # that. Comparing path by path instead makes a request 13 % slower.
        self._text = "".join(f"\n{path}/" for _, path in self._paths)
        self._beginnings = tuple(beginning for beginning, _ in self._paths) if inside else ()

    def may_hold(self, folder: str) -> bool:
        """Whether one of them may be at or below a folder; False: none is."""
        # A path below a folder begins as the folder does, and a path in the text begins after a line feed.
        return folder == "/" or f"\n{folder}/" in self._text

    def surrounds(self, path: str) -> bool:
        """Whether a path is one of them or below it; never without `inside`."""
        return f"{path}/".startswith(self._beginnings)

    def list_held(self, *folders: str) -> frozenset[str]:
        """The real paths of those whose name or real path is at or below one of these folders."""
        if not any(map(self.may_hold, folders)):
            return frozenset()
        above = tuple(map(begin, folders))
        return frozenset(real for name, at, real in self._pairs if name.startswith(above) or at.startswith(above))

    def list_opened(self, *paths: str) -> tuple[str, ...]:
        """The names and real paths that one of these paths opens, sorted: what it holds, and what it lies in."""
        above = tuple(begin(path) for path in paths if self.may_hold(path) or self.surrounds(path))
        if not above:
            return ()
        opened = [path for at, path in self._paths if at.startswith(above)]
        around = [path for at, path in self._paths if self._beginnings and any(each.startswith(at) for each in above)]
        return tuple(sorted({*opened, *around}))
