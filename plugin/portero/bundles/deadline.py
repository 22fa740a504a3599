"""One deadline for work on what a server sent: its processor time counts, not only what the network takes.

A signal ends it wherever it is, inside a library too. For the main thread of a command: signals are handled there.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# It comes again, should a library have taken the first one for an error of its own.
_AGAIN_SECONDS = 1.0


class DeadlinePassed(BaseException):
    """The time is over. No Exception: what goes on after errors must not go on after this."""


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    """Raise DeadlinePassed from the block when it takes longer."""
    before = signal.signal(signal.SIGALRM, _end)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _end(number: int, frame: FrameType | None) -> None:
    raise DeadlinePassed
