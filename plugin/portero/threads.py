"""Threads that are started for as long as the process runs, and what a thread calls before it waits for the daemon."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = 0.1
_AFTER_ERROR = 1.0
_before_lookups: list[Callable[[], None]] = []


def call_before_lookups(call: Callable[[], None]) -> None:
    """Have this called by each thread of this process that is about to ask the daemon; it may keep the thread back."""
    _before_lookups.append(call)


def before_lookup() -> None:
    """Called before this thread asks the daemon for the first time in a request."""
    for call in _before_lookups:
        call()


def start_thread(name: str, run: Callable[[], None]) -> None:
    """Start a thread; wait while the system has no room for one.

    Its end would not be noticed: after an error, for lack of memory say, it begins again.
    """
    while True:
        try:
            threading.Thread(target=_run, args=(name, run), name=name, daemon=True).start()
        except RuntimeError:  # can't start new thread
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _run(name: str, run: Callable[[], None]) -> None:
    while True:
        try:
            return run()
        except Exception as error:  # noqa: BLE001 - see start_thread()
            with suppress(Exception):
                _LOG.error("internal error in thread %s", name, exc_info=error)
        time.sleep(_AFTER_ERROR)
