"""Whether a file of the host was changed since a process started: a path and a start in, yes or no out."""

import os
import stat
import time

from portero.host.symlinks import HostWalk

_TICKS = os.sysconf("SC_CLK_TCK")


def is_older(root: str, path: str, started: int) -> bool:
    """Whether the file at a path, and each link on the way, was last changed before a process started.

    `started`: clock ticks since boot. The change time counts: unlike the modification time it cannot be set. Raises
    OSError.
    """
    boot = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    start = boot + started * 1_000_000_000 // _TICKS
    # A walk of its own: it looks at what is there now, after the content was read.
    *way, file = HostWalk(root).list_steps(path)
    counting = [step.stat for step in way if step.stat is not None and stat.S_ISLNK(step.stat.st_mode)]
    return file.stat is not None and all(entry.st_ctime_ns < start for entry in (*counting, file.stat))
