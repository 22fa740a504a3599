"""How the first process of a managed plugin ends when it cannot start.

dockerd restarts a plugin that ends while `docker plugin enable` still waits for its socket, and takes the end of one
attempt for that of the next (moby plugin/manager.go, HandleExitEvent): such a plugin can restart without end. So it
stays, without a socket, until dockerd gives up and ends it.
"""

import os
import signal

_FIRST_PROCESS = 1
_END = (signal.SIGTERM, signal.SIGINT)
# dockerd gives up after 0.5 s and four times 3 s (moby plugin/manager_linux.go, pluginPostStart).
_SECONDS = 20.0


def wait_for_end(seconds: float = _SECONDS) -> None:
    """Wait until dockerd ends this process, if it is the first one of a plugin."""
    if os.getpid() == _FIRST_PROCESS:
        # The kernel drops what the first process of a namespace neither handles nor blocks (signal(7)).
        signal.pthread_sigmask(signal.SIG_BLOCK, _END)
        signal.sigtimedwait(_END, seconds)
