"""Does long work in a process a core, up to eight; what comes out keeps the order of what goes in."""

import gc
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, NoReturn, TypeVar

from portero.cli import options

Item = TypeVar("Item")
Result = TypeVar("Result")

# With more, the one that takes the results would be the slowest.
_MOST = 8


def work_in_processes(work: Callable[[Item], Result], items: Iterable[Item], take: Callable[[Result], object]) -> None:
    """Take the result of each item, in order. The first is worked on here, and so is each on a single core.

    Any other has a process of its own, which starts with all that this one has, and so with what the first item made
    ready. Results are pickled. An error of the work is raised here; when a process is killed, this one ends with exit
    status 2. No process is left behind.
    """
    most = min(len(os.sched_getaffinity(0)), _MOST)
    running: deque[_Process] = deque()
    try:
        for number, item in enumerate(items):
            is_started = number > 0 and most > 1 and _start(work, item, running)
            # One more than there are cores: while its result is taken, each of them has work.
            while running and (not is_started or len(running) > most):
                take(_wait(running))
            if not is_started:
                take(work(item))
        while running:
            take(_wait(running))
    finally:
        for process in running:
            process.stop()


@dataclass(frozen=True, slots=True)
class _Process:
    """A process and what it writes: a pickle of its result, or of an error."""

    id: int
    results: IO[bytes]

    def wait(self) -> tuple[bytes, int]:
        """All that it writes, and its exit code once it has ended."""
        with self.results:
            written = self.results.read()
        return written, os.waitstatus_to_exitcode(os.waitpid(self.id, 0)[1])

    def stop(self) -> None:
        """End it at once."""
        self.results.close()
        # It may have ended, and been waited for.
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.id, signal.SIGKILL)
            os.waitpid(self.id, 0)


def _wait(running: deque[_Process]) -> Any:
    written, code = running[0].wait()
    running.popleft()
    if code:
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        options.give_up([f"a process of this command ended by {how}; try again, with more memory if it lacked some"])
    result, error = pickle.loads(written)  # noqa: S301  # of a process of our own
    if error is not None:
        raise error
    return result


def _start(work: Callable[[Item], object], item: Item, running: deque[_Process]) -> bool:
    """Whether a process for the item could be started; it is among those that run."""
    ours, theirs = os.pipe()
    # What runs at a fork swallows an interrupt.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        id = os.fork()
        if not id:
            _run(work, item, os.fdopen(theirs, "wb"), [ours, *(each.results.fileno() for each in running)])
        running.append(_Process(id, os.fdopen(ours, "rb")))
    except OSError:
        os.close(ours)
        return False
    finally:
        os.close(theirs)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    return True


def _run(work: Callable[[Item], object], item: Item, results: IO[bytes], not_ours: Iterable[int]) -> NoReturn:
    code = 1
    try:
        # The interrupt of a terminal goes to all its processes; one of them has something to say.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        # As long as any process could read the results of another one, that one would not notice that this is for none.
        for descriptor in not_ours:
            os.close(descriptor)
        # What one item leaves is gone with its process.
        gc.disable()
        outcome: tuple[object, Exception | None]
        try:
            outcome = work(item), None
        except Exception as error:  # noqa: BLE001  # raised again in the other process
            outcome = None, error
        with results:
            pickle.dump(outcome, results, pickle.HIGHEST_PROTOCOL)
        code = 0
    finally:
        # Nothing of what the other process has begun is to be ended here.
        os._exit(code)
