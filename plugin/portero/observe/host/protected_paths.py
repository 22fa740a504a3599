"""What is protected on a host and why, as text: lists of paths, and which of them a path opens. No file is looked at.

Sensitive paths decide what root runs, or hold what only root may read. sensitive_paths.tsv names them, each with its
source; where such a path is a link, what lies behind it is given this name as well.
"""

from collections.abc import Mapping

from portero.decide.values.path import begin
from portero.observe.dockerd.asking_daemon import DATA_ROOT
from portero.observe.dockerd.containerd import ROOT

# Data at the usual paths counts whether a daemon is seen or not: it may be of another one, or of one that is stopped.
USUAL_DATA = (DATA_ROOT, ROOT)


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
