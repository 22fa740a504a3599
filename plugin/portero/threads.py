"""Threads that are started for as long as the process runs."""

import threading
import time
from collections.abc import Callable

_RETRY_SECONDS = 0.1


def start_thread(name: str, run: Callable[[], None]) -> None:
    """Start a thread; wait while the system has no room for one."""
    while True:
        try:
            threading.Thread(target=run, name=name, daemon=True).start()
        except RuntimeError:  # can't start new thread
            time.sleep(_RETRY_SECONDS)
        else:
            return
