"""Which files of dockerds a path opens: what is at or below it, and what it lies in."""

from collections.abc import Callable, Sequence

from portero.host.asking_daemon import DATA_ROOT, AskingDaemon
from portero.host.containerd import ROOT
from portero.host.surroundings import Surroundings

# Data at the usual paths counts whether a daemon is seen or not: it may be of another one, or of one that is stopped.
USUAL_DATA = (DATA_ROOT, ROOT)


class DaemonPlaces:
    """`daemons`: those that are seen. `follow`: from a path to the path after links."""

    def __init__(self, daemons: Sequence[AskingDaemon], follow: Callable[[str], str]) -> None:
        self._files = Surroundings(dict.fromkeys(file for daemon in daemons for file in daemon.files), follow)
        data = (root for daemon in daemons for root in daemon.data)
        self._data = Surroundings(dict.fromkeys((*USUAL_DATA, *data)), follow)
        self._programs = Surroundings(dict.fromkeys(path for daemon in daemons for path in daemon.programs), follow)

    def find(self, *paths: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The configuration and runtime files, and the data, that one of these cleaned absolute paths opens."""
        return self._files.find(*paths), self._data.find(*paths)

    def find_written(self, *paths: str) -> tuple[str, ...]:
        """The programs, and other files that a daemon believes, that one of these paths opens."""
        return self._programs.find(*paths)
