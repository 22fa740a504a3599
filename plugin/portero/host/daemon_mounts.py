"""Whose mounts lie over the host's files: those of the daemon that asks, or of this process."""

from portero.host.asking_daemon import AskingDaemon
from portero.host.mountinfo import MountReader


class DaemonMounts:
    """`own`: reads those of this process. `fixed`: they hold for every daemon, because the host's files lie elsewhere.

    The reader of the daemon that asked last is kept.
    """

    def __init__(self, own: MountReader, *, fixed: bool) -> None:
        self._own = own
        self._fixed = fixed
        self._last = ("", own)

    def find(self, asking: AskingDaemon | None) -> MountReader:
        """The reader of the mounts as this daemon sees them."""
        if asking is None or self._fixed:
            return self._own
        # One attribute, so that threads never see the reader of one daemon beside the name of another.
        last = self._last
        if last[0] != asking.mountinfo:
            self._last = last = (asking.mountinfo, MountReader(asking.mountinfo))
        return last[1]
