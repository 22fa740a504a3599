"""The start of the server: room for file descriptors, open standard streams, and the end of a failed managed plugin."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from typing import TextIO

# Beside its connections the deciding process has log, metrics, policy and listener open, and reads the host.
_OTHER_DESCRIPTORS = 32
# A connection has its socket, and while its request is judged the daemon's root, a file of the host and a socket of the
# daemon.
_PER_CONNECTION = 4
# Connections beyond these wait in the socket's queue, they are not turned away.
_MAX_CONNECTIONS = 1000
_MAX_DESCRIPTORS = _OTHER_DESCRIPTORS + _PER_CONNECTION * _MAX_CONNECTIONS
_STANDARD_STREAMS = (0, 1, 2)


def raise_limit() -> int:
    """Raise the soft limit on open files as far as needed and allowed; how many there may be now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = _MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_MAX_DESCRIPTORS, hard)
    if soft == resource.RLIM_INFINITY or soft >= limit:
        return _MAX_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit


def count_connections(limit: int) -> int:
    """How many connections are served at once by a process that may have so many files open."""
    return max(1, min(_MAX_CONNECTIONS, (limit - _OTHER_DESCRIPTORS) // _PER_CONNECTION))


def open_closed_streams() -> list[int]:
    """Open /dev/null in place of each closed standard stream; their numbers.

    The next file that is opened would get the number, and messages or decisions would be written into it.
    """
    closed = list(_find_closed())
    for number in closed:
        # The lowest free number is used (open(2)), and all below this one are open.
        descriptor = os.open(os.devnull, os.O_RDWR)
        os.set_inheritable(descriptor, True)
        if descriptor != number:
            raise OSError(f"descriptor {number} was opened by another thread")
    # Python has none of its own for streams that were closed when it started.
    sys.stdout = sys.stdout or _open_writer(1)
    sys.stderr = sys.stderr or _open_writer(2)
    return closed


def _open_writer(descriptor: int) -> TextIO:
    return open(descriptor, "w", encoding="utf-8", closefd=False)


def _find_closed() -> Iterator[int]:
    for number in _STANDARD_STREAMS:
        try:
            os.fstat(number)
        except OSError:
            yield number


_FIRST_PROCESS = 1
_END = (signal.SIGTERM, signal.SIGINT)
# dockerd gives up after 0.5 s and four times 3 s (moby plugin/manager_linux.go, pluginPostStart).
_TIMEOUT_SECONDS = 20.0


def is_managed_plugin() -> bool:
    """Whether dockerd started this process as a managed plugin: it is the first one of its container."""
    return os.getpid() == _FIRST_PROCESS


def wait_for_end(seconds: float = _TIMEOUT_SECONDS) -> None:
    """Wait until dockerd ends this process, if it is the first one of a managed plugin, which could not start.

    dockerd restarts a plugin that ends while `docker plugin enable` waits for its socket, and takes the end of one
    attempt for that of the next (moby plugin/manager.go, HandleExitEvent): such a plugin can restart without end. So it
    stays, without a socket, until dockerd gives up.
    """
    if is_managed_plugin():
        # The kernel drops what the first process of a namespace neither handles nor blocks (signal(7)).
        signal.pthread_sigmask(signal.SIG_BLOCK, _END)
        signal.sigtimedwait(_END, seconds)
