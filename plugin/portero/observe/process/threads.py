"""Threads that are started for as long as the process runs."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

Result = TypeVar("Result")
_LOG = logging.getLogger(__name__)
_ON_WAIT = threading.local()
_RETRY_SECONDS = 0.1
_AFTER_ERROR = 1.0


def start_thread(name: str, run: Callable[[], None]) -> None:
    """Start a thread; wait while the system has no room for one.

    Its end would not be noticed: after an error, for lack of memory say, it begins again.
    """
    while not try_start_thread(name, run):
        time.sleep(_RETRY_SECONDS)


def try_start_thread(name: str, run: Callable[[], None]) -> bool:
    """The same, once; False: the system has no room for one."""
    try:
        threading.Thread(target=_run, args=(name, run), name=name, daemon=True).start()
    except RuntimeError:  # can't start new thread
        return False
    return True


def run_within(seconds: float, name: str, run: Callable[[], Result]) -> Result:
    """The result of a thread, which goes on when it takes longer: a file system that hangs. Raises TimeoutError then.

    An error of `run` is raised here.
    """
    outcome: SimpleQueue[tuple[Result] | Exception] = SimpleQueue()

    def put() -> None:
        try:
            outcome.put((run(),))
        except Exception as error:  # noqa: BLE001 - raised below
            outcome.put(error)

    start_thread(name, put)
    try:
        ended = outcome.get(timeout=seconds)
    except Empty:
        raise TimeoutError("timed out") from None
    if isinstance(ended, Exception):
        raise ended
    return ended[0]


def call_before_wait(call: Callable[[], None]) -> None:
    """Have this thread call it each time before it waits for another process."""
    _ON_WAIT.call = call


def announce_wait() -> None:
    """This thread is about to wait for another process, which may ask Portero meanwhile."""
    if (call := getattr(_ON_WAIT, "call", None)) is not None:
        call()


def set_hurried(is_hurried: bool) -> None:
    """Say whether this thread holds what others wait for, so that it waits for no process for long."""
    _ON_WAIT.is_hurried = is_hurried


def is_hurried() -> bool:
    """Whether this thread holds what others wait for."""
    return getattr(_ON_WAIT, "is_hurried", False)


def _run(name: str, run: Callable[[], None]) -> None:
    while True:
        try:
            return run()
        except Exception as error:  # noqa: BLE001 - see start_thread()
            with suppress(Exception):
                _LOG.error("internal error in thread %s", name, exc_info=error)
        time.sleep(_AFTER_ERROR)
